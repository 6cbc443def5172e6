"""Dates as publishers write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.dates import parse_date, weekday_number

MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)


def utc(*parts: int) -> datetime:
    """A moment."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20", utc(2026, 11, 20)),
        ("20261120", utc(2026, 11, 20)),
        ("20261120T091500Z", utc(2026, 11, 20, 9, 15)),
        ("20261120091500", utc(2026, 11, 20, 9, 15)),
        ("2026-11-20T09:00:00+02:00", utc(2026, 11, 20, 7)),
        ("2026-11-20 09:00:00 +0200", utc(2026, 11, 20, 7)),
        ("2026-11-20t09:00z", utc(2026, 11, 20, 9)),
        ("2026-11-20T09:00:00.000Z", utc(2026, 11, 20, 9)),
        ("2026-11-20 09:00:00 GMT", utc(2026, 11, 20, 9)),
        ("2016/6/29 15:07:41", utc(2016, 6, 29, 15, 7, 41)),
        ("2016.6.29", utc(2016, 6, 29)),
        ("2016-6-9 5:07", utc(2016, 6, 9, 5, 7)),
        ("29.06.2016 15:07", utc(2016, 6, 29, 15, 7)),
        ("29/06/2016", utc(2016, 6, 29)),
        ("06/29/2016 3:07 PM", utc(2016, 6, 29, 15, 7)),
        ("2026年11月20日 10:15", utc(2026, 11, 20, 10, 15)),
        ("1590400000", utc(2020, 5, 25, 9, 46, 40)),
        ("1590400000123", utc(2020, 5, 25, 9, 46, 40)),
    ],
)
def test_dates_in_figures(text: str, moment: datetime) -> None:
    """ISO and its relatives, slashes, dots, and seconds since 1970."""
    assert parse_date(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 25 May 2020 10:00:00 GMT",
        "Mon, 25 May 2020 10:00:00",
        "Mon, May 25 2020 10:00",
        "Mon May 25 10:00:00 2020",
        "Mon May 25 10:00:00 UTC 2020",
        "25 May 20 10:00 UT",
        "25-May-2020 10:00:00 Z",
        "25th of May, 2020 at 10:00 a.m.",
        "May 25, 2020 10:00 AM",
        "Mon, 25 May 2020 06:00:00 EDT",
        "Mon, 25 May 2020 05:00:00 EST",
        "Mon, 25 May 2020 12:00:00 MESZ",
        "Mon, 25 May 2020 12:00:00 GMT+2",
        "Mon, 25 May 2020 12:00:00 Europe/Berlin",
        "Mon, 25 May 2020 12:00:00 +0200 (CEST)",
        "Mon, 25 May 2020 15:30:00 IST",
        "Mon, 25 May 2020 10:00:00 QQQ",
    ],
)
def test_orders_and_zones(text: str) -> None:
    """Whatever the order; a zone that is missing or unknown is UTC."""
    assert parse_date(text) == utc(2020, 5, 25, 10)


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("Mo, 25 Mai 2020 10:00:00 GMT", 5),
        ("Mi., 25. März 2020 10:00 Uhr", 3),
        ("mar., 25 févr. 2020 10:00:00 +0000", 2),
        ("25 août 2020 à 10h00", 8),
        ("mar, 25 mar 2020 10:00:00 GMT", 3),
        ("mar 25 mar 2020 10:00:00 GMT", 3),
        ("lun, 25 ene 2020 10:00:00 GMT", 1),
        ("gio, 25 giu 2020 10:00:00 GMT", 6),
        ("seg, 25 dez 2020 10:00:00 GMT", 12),
        ("Пн, 25 мая 2020 10:00:00 GMT", 5),
        ("25 октября 2020 г. 10:00", 10),
        ("pon, 25 paź 2020 10:00:00 GMT", 10),
        ("wo 25 mrt 2020 10:00", 3),
        ("Çar, 25 Ağustos 2020 10:00:00 GMT", 8),
        ("25 EKİM 2020 10:00", 10),
    ],
)
def test_names_in_other_languages(text: str, month: int) -> None:
    """Ten languages, long and short."""
    assert parse_date(text) == utc(2020, month, 25, 10)


@pytest.mark.parametrize(
    "text",
    [
        None, "", "soon", "now", "2020", "2020-05", "November 2026", "0000-00-00 00:00:00", "0001-01-01T00:00:00Z",
        "2020-02-31", "31 Feb 2020 10:00 GMT", "2020-13-01", "Mon, 25 May 2020 25:00:00 GMT", "03/04/2020",
        "Mon, 25 May 200 10:00:00 GMT", "1 2 3 4 5", "Thu, 01 Jan 1970 00:00:00 GMT",
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str | None) -> None:
    """Impossible, imprecise, ambiguous or older than the web: nothing is guessed."""
    assert parse_date(text) is None


def test_years_of_two_figures() -> None:
    """They are of our time, never of the year 20."""
    assert parse_date("20 Nov 26 10:00 GMT") == utc(2026, 11, 20, 10)
    assert parse_date("20 Nov 99 10:00 GMT") == utc(1999, 11, 20, 10)


def test_ends_of_days() -> None:
    """Midnight may be 24:00, and a minute may have a second too many."""
    assert parse_date("Fri, 20 Nov 2026 24:00:00 GMT") == utc(2026, 11, 21)
    assert parse_date("Fri, 20 Nov 2026 23:59:60 GMT") == utc(2026, 11, 20, 23, 59, 59)


def test_the_future_is_kept() -> None:
    """Clamping is for who knows what time it is."""
    assert parse_date("2070-01-01T00:00:00Z") == utc(2070, 1, 1)


@given(
    MOMENTS,
    st.sampled_from(["%a, %d %b %Y %H:%M:%S GMT", "%Y-%m-%dT%H:%M:%SZ", "%Y/%m/%d %H:%M:%S", "%c", "%Y%m%d%H%M%S"]),
)
def test_what_is_written_is_read(moment: datetime, form: str) -> None:
    """Every moment survives being written in the usual forms."""
    assert parse_date(moment.strftime(form)) == moment


@given(st.text(max_size=120) | st.from_regex(r"[0-9 :/.+\-TZapm,年月]{1,40}", fullmatch=True))
def test_any_text_is_a_date_or_none(text: str) -> None:
    """Nothing raises, and what is found is in UTC."""
    moment = parse_date(text)
    assert moment is None or moment.tzinfo is UTC


def test_weekdays() -> None:
    """Monday is 0."""
    assert [weekday_number(name) for name in ("Monday", " sunday", "Samstag", "never")] == [0, 6, 5, None]
