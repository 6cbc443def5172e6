"""What a server answered: plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Wants = Literal["feed", "page", "robots"]

PERMANENT = frozenset({301, 308})


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect that was followed."""

    url: str
    status: int

    @property
    def is_permanent(self) -> bool:
        """Whether the server says that the new address is for good."""
        return self.status in PERMANENT


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with a body, or a 304 without one. Header names are lower case."""

    status: int
    url: str
    hops: tuple[Hop, ...]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    is_cut: bool = False
    """Whether the body ended too early and this is as far as it went; then its validators are not in the headers."""

    @property
    def is_not_modified(self) -> bool:
        """Whether the server says that nothing changed."""
        return self.status == 304
