"""What every message has in common: frozen, tolerant of fields it does not know, times in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints


class Message(BaseModel):
    """Base of everything on the wire. A reader ignores fields that a newer writer added."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
        serialize_by_alias=True,
        validate_by_name=True,
        validate_by_alias=True,
    )


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("in UTC it lies outside of the years 1 to 9999") from None


UtcTime = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment with a time zone, kept and written in UTC (RFC 3339)."""

CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2, upper case; `XK` for Kosovo."""

Actor = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""An ISO 3166-1 alpha-2 code for a country, otherwise a short name such as `NATO`."""

Url = Annotated[str, StringConstraints(min_length=1, max_length=2_048)]
"""An absolute http or https address."""

Score = Annotated[float, Field(ge=0, le=1)]
"""From 0 (no confidence) to 1 (certain)."""

Count = Annotated[int, Field(ge=0)]
"""How many."""

Span = Annotated[tuple[int, int], Field()]
"""Half-open `[start, end)`, in code points."""
