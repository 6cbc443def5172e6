"""On which day or in which month an act was, where the sentence names one: `on Monday`, `October 8`, `in May`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

_NAMES = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november")
_MONTHS = {name: number for number, name in enumerate((*_NAMES, "december"), 1)}
_MONTHS |= {name[:3]: number for name, number in _MONTHS.items()} | {"sept": 9}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FIRST_YEAR, _LAST_YEAR = "0002", "9999"
"""An article of a year before the first or from the last on has no date: its last week could be no day."""
_RELATIVE = {"today": 0, "tonight": 0, "yesterday": -1, "tomorrow": 1}

_YEAR = r"(?P<year>(?:19|20)\d\d)\b"
_MONTH = rf"(?P<month>{'|'.join(sorted((name.title() for name in _MONTHS), key=len, reverse=True))})\b\.?"
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?\b"
_PATTERNS = (
    re.compile(rf"\b{_DAY}(?: of)? {_MONTH}(?:,? {_YEAR})?"),
    re.compile(rf"\b{_MONTH} {_DAY}(?! ?(?:million|billion|per|%))(?:, {_YEAR})?"),
    re.compile(rf"\b{_MONTH} {_YEAR}"),
    re.compile(rf"\b(?:[Ii]n|[Ll]ast|[Tt]his|[Ee]arly|[Ll]ate|[Mm]id)[ -](?:early |late |mid-)?{_MONTH}(?! [\d{{2}}])"),
    re.compile(rf"\b(?P<lead>last |next |this |this coming )?(?P<weekday>{'|'.join(map(str.title, _DAYS))})\b"),
    re.compile(rf"\b(?P<relative>{'|'.join(_RELATIVE)})\b", re.IGNORECASE),
)
_NOT_THEN = re.compile(
    r"\b(?:by|until|till|since|before|after|from|through|between|to|starting) "
    r"(?:the |as |early |late |mid-|end of |beginning of |start of |last |next )*$",
    re.IGNORECASE,
)
"""What has such a limit is not on that day."""

_SPEECH = r"(?:said|says|say|told|added|warned|argued|claimed|stated|reported|accused|believes?)"
_AFTER_SPEECH = re.compile(rf"\b{_SPEECH}(?: \w+){{0,2}}(?:,? on| in)? $", re.IGNORECASE)
_BEFORE_SPEECH = re.compile(rf",? (?:\w+ ){{0,2}}{_SPEECH}\b", re.IGNORECASE)
_AFTER_PLEDGE = re.compile(r"\b(?:announc|pledg|promis|agree|approv|vow)\w*(?: \w+)?(?: on| in)? $", re.IGNORECASE)


class When(NamedTuple):
    """A day or month as a sentence names it."""

    said: bool
    """True if it is the day on which somebody says it."""
    day: str


def days_of(words: str, article: str, *, ahead: bool) -> list[When]:
    """The days and months that are named, resolved by the article's ISO date; `ahead` if the act is still to come."""
    today = date.fromisoformat(article) if _FIRST_YEAR <= article < _LAST_YEAR else None
    return list(dict.fromkeys(_read(words, today, ahead=ahead)))


def act_day(words: str, article: str, *, ahead: bool, by_saying: bool) -> str | None:
    """The one day of the act; that of a speech counts only if the act is done by saying it."""
    days = {when.day for when in days_of(words, article, ahead=ahead) if by_saying or not when.said}
    return days.pop() if len(days) == 1 else None


def _read(words: str, today: date | None, *, ahead: bool) -> Iterator[When]:
    end = 0
    found = (match for pattern in _PATTERNS for match in pattern.finditer(words))
    for match in sorted(found, key=lambda it: (it.start(), -it.end())):
        head = words[max(0, match.start() - 40) : match.start()]
        if match.start() < end or _NOT_THEN.search(head):
            continue
        end = match.end()
        said = bool(_AFTER_SPEECH.search(head) or _BEFORE_SPEECH.match(words, end))
        to_come = ahead and not said and not _AFTER_PLEDGE.search(head)
        day = _resolve(match, today, to_come=to_come)
        if day is not None:
            yield When(said, day)


def _resolve(match: re.Match[str], today: date | None, *, to_come: bool) -> str | None:
    parts = match.groupdict()
    if parts.get("month"):
        return _of_month(parts, today, to_come=to_come)
    if today is None:
        return None
    if parts.get("relative"):
        return (today + timedelta(days=_RELATIVE[parts["relative"].lower()])).isoformat()
    return _of_weekday(parts, today, to_come=to_come).isoformat()


def _of_weekday(parts: dict[str, str | None], today: date, *, to_come: bool) -> date:
    lead = (parts["lead"] or "").strip()
    back = (today.weekday() - _DAYS.index(str(parts["weekday"]).lower())) % 7
    if lead in {"next", "this coming"} or (to_come and lead != "last"):
        return today + timedelta(days=7 - back)
    return today - timedelta(days=back or (7 if lead == "last" else 0))


def _of_month(parts: dict[str, str | None], today: date | None, *, to_come: bool) -> str | None:
    month = _MONTHS[str(parts["month"]).lower()]
    day = int(parts.get("day") or 0)
    if parts.get("year"):
        return _iso(int(str(parts["year"])), month, day)
    if today is None:
        return None
    is_later = (month, day or today.day) > (today.month, today.day)
    year = today.year - (is_later and not to_come) + (to_come and not is_later and month != today.month)
    return _iso(year, month, day)


def _iso(year: int, month: int, day: int) -> str | None:
    """The ISO date, year and month without a day, or None for what is no day."""
    if not day:
        return f"{year:04}-{month:02}"
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
