"""Dates as feeds and pages write them, read without guessing. Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

MONTHS = """
january jan januar jänner janvier janv enero ene gennaio gen janeiro января янв январь stycznia sty januari ocak oca
february feb februar février févr fév febrero febbraio fevereiro fev февраля фев февр lutego lut februari şubat şub
march mar märz mrz mär mars marzo março марта мар март marca maart mrt mart
april apr avril avr abril abr aprile апреля апр апрель kwietnia kwi nisan nis
may mai mayo maggio mag maio мая май maja maj mei mayıs
june jun juni juin junio giugno giu junho июня июн июнь czerwca cze haziran haz
july jul juli juillet juil julio luglio lug julho июля июл июль lipca lip temmuz tem
august aug août aou agosto ago августа авг август sierpnia sie augustus ağustos ağu
september sep sept septembre septiembre settembre set setembro сентября сен сент сентябрь września wrz eylül eyl
october oct oktober okt octobre octubre ottobre ott outubro out октября окт октябрь października paź ekim eki
november nov novembre noviembre novembro ноября ноя нояб ноябрь listopada lis kasım kas
december dec dezember dez décembre déc diciembre dic dicembre dezembro декабря дек декабрь grudnia gru aralık ara
"""
"""The months in English, German, French, Spanish, Italian, Portuguese, Russian, Polish, Dutch and Turkish."""
WEEKDAYS = """
monday mon montag mo lundi lun lunes lunedì segunda seg понедельник пн poniedziałek pon maandag ma pazartesi pzt
tuesday tue tues dienstag di mardi mar martes martedì terça ter вторник вт wtorek wt dinsdag salı sal
wednesday wed mittwoch mi mercredi mer miércoles mié mercoledì quarta qua среда ср środa śr woensdag wo çarşamba çar
thursday thu thur thurs donnerstag do jeudi jeu jueves jue giovedì gio quinta qui четверг чт czwartek perşembe per
friday fri freitag fr vendredi ven viernes vie venerdì sexta sex пятница пт piątek pt vrijdag vr cuma cum
saturday sat samstag sa samedi sam sábado sáb sabato sab суббота сб sobota sob zaterdag za cumartesi cmt
sunday sun sonntag so dimanche dim domingo dom domenica воскресенье вс niedziela nie zondag zo pazar paz
"""
ZONES = {
    0: "gmt ut utc z wet", 1: "cet met mez bst west wat", 2: "cest mesz mest eet cat sast oez",
    3: "eest oesz msk eat trt",
    4: "gst", 5: "pkt", 5.5: "ist", 5.75: "npt", 6: "bdt", 7: "ict wib", 8: "sgt hkt awst pht myt wita",
    9: "jst kst wit",
    9.5: "acst", 10: "aest", 10.5: "acdt", 11: "aedt", 12: "nzst", 13: "nzdt",
    -2.5: "ndt", -3: "adt brt art", -3.5: "nst", -4: "ast edt clt", -5: "est cdt cot pet", -6: "cst mdt", -7: "mst pdt",
    -8: "pst akdt", -9: "akst", -10: "hst",
}  # fmt: skip
"""Zones by hours east of Greenwich; a name with several meanings has the one that news feeds use."""
ASIAN_MARKS = str.maketrans({"年": "-", "月": "-", "日": " ", "년": "-", "월": "-", "일": " ", "時": ":", "分": " "})
NOON = {"am": 0, "a": 0, "pm": 12, "p": 12}

MONTH_NUMBERS = {name: number for number, names in enumerate(MONTHS.strip().splitlines(), 1) for name in names.split()}
WEEKDAY_NUMBERS = {name: number for number, names in enumerate(WEEKDAYS.strip().splitlines()) for name in names.split()}
ZONE_HOURS = {name: hours for hours, names in ZONES.items() for name in names.split()}

EPOCH = re.compile(r"(\d{9,10})(?:\.\d{1,9})?|(\d{10})\d{3}|(\d{10})\d{6}", re.ASCII)
CLOCK = re.compile(
    r"(?<!\d)(\d{1,2})[:.h](\d{2})(?:[:.](\d{2})(?:[.,:]\d{1,9})?)?(?![\d.])\s*(?:(am|pm|[ap])(?![a-z])|([ap])\.m\.)?",
    re.ASCII,
)
PLAIN_TIME = re.compile(r"^(\d{4})-?(\d{2})-?(\d{2})[t_ ]?(\d{2}):?(\d{2}):?(\d{2})?(?=\D|$)", re.ASCII)
OFFSET = re.compile(r"(?:\b(?:gmt|utc|ut|z))?\s*([+\-−])(\d{1,2}):?(\d{2})?(?!\d)", re.ASCII)
REGION = re.compile(r"[a-z]+/[a-z_]+(?:/[a-z_]+)?", re.ASCII)
NUMERIC = re.compile(r"(\d{1,4})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{1,4})(?!\d)", re.ASCII)
WORD = re.compile(r"\d+|[^\W\d_]+")
LEADING_NAME = re.compile(r"^[^\W\d_]+(?:-[^\W\d_]+)?\.?,\s")
REMARK = re.compile(r"\([^()]*\)")
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
PIVOT = 69

Day = tuple[int, int, int]
Clock = tuple[int, int, int]


def parse_date(text: str | None) -> datetime | None:
    """The moment that the text names, in UTC; None if it names none. A time without a zone is taken as UTC."""
    plain = unicodedata.normalize("NFC", (text or "").strip()[:100]).casefold().replace("i̇", "i")
    if not plain:
        return None
    try:
        moment = _epoch(plain) or _iso(plain) or _written(plain)
    except (ValueError, OverflowError):
        return None
    return moment if moment is not None and moment >= EARLIEST else None


def weekday_number(name: str) -> int | None:
    """0 for Monday, in any of the languages known; None if it is no day."""
    return WEEKDAY_NUMBERS.get(name.strip().casefold())


def _epoch(text: str) -> datetime | None:
    """Seconds, milliseconds or microseconds since 1970."""
    found = EPOCH.fullmatch(text)
    return datetime.fromtimestamp(int(next(filter(None, found.groups()))), UTC) if found else None


def _iso(text: str) -> datetime | None:
    if not re.match(r"\d{4}-?(?:\d\d|w\d)", text, re.ASCII) or len(text) < 8:
        return None  # a year or a month alone is no day
    try:
        return _in_utc(datetime.fromisoformat(text.upper()))
    except ValueError:
        return None


def _written(text: str) -> datetime | None:
    """A day and perhaps a time, in figures or in words."""
    text = REMARK.sub(" ", text).translate(ASIAN_MARKS)
    plain = PLAIN_TIME.match(text)
    if plain is not None:
        year, month, day, hour, minute, second = (int(part or 0) for part in plain.groups())
        return _moment((year, month, day), (hour, minute, second), _zone(text[plain.end() :])[0])
    clock, before, after = _clock(text)
    zone, after = _zone(after) if clock else (UTC, after)
    found = _day(f"{before} {after}")
    return _moment(found, clock or (0, 0, 0), zone) if found else None


def _clock(text: str) -> tuple[Clock | None, str, str]:
    """The time of day, and what stands before and behind it."""
    dated = NUMERIC.search(text)
    found = CLOCK.search(text, dated.end() if dated else 0) or CLOCK.search(
        text, 0, dated.start() if dated else len(text)
    )
    if found is None:
        return None, text.replace("t", " ", 1) if dated else text, ""
    hour, half = int(found[1]), found[4] or found[5]
    if half:
        hour = hour % 12 + NOON[half]
    return (hour, int(found[2]), int(found[3] or 0)), text[: found.start()].rstrip("t"), text[found.end() :]


def _zone(text: str) -> tuple[tzinfo, str]:
    """The zone that stands behind a time, and what else does. One that is missing or unknown is taken as UTC."""
    offset = OFFSET.search(text)
    if offset is not None:
        return _offset_zone(offset), text[: offset.start()] + " " + text[offset.end() :]
    region = REGION.search(text)
    if region is not None:
        return _region_zone(region[0]), text.replace(region[0], " ")
    for name in WORD.findall(text):
        if name in ZONE_HOURS and name not in MONTH_NUMBERS:
            return timezone(timedelta(hours=ZONE_HOURS[name])), text.replace(name, " ", 1)
    return UTC, text


def _offset_zone(offset: re.Match[str]) -> tzinfo:
    east = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
    return timezone(east if offset[1] == "+" else -east)


def _region_zone(name: str) -> tzinfo:
    try:
        return ZoneInfo("/".join("_".join(word.title() for word in part.split("_")) for part in name.split("/")))
    except (KeyError, ValueError, OSError):
        return UTC


def _day(text: str) -> Day | None:
    dated = NUMERIC.search(text)
    return _numeric_day(dated) if dated else _worded_day(LEADING_NAME.sub("", text))


def _numeric_day(found: re.Match[str]) -> Day | None:
    """Year first, or day first; with slashes only if the day cannot be the month."""
    first, middle, last = int(found[1]), int(found[3]), int(found[4])
    if len(found[1]) == 4:
        return first, middle, last
    if len(found[1]) > 2 or len(found[4]) not in (2, 4):
        return None
    year = _full_year(found[4])
    if found[2] == "." or first > 12 or first == middle:
        return year, middle, first
    return (year, first, middle) if middle > 12 else None


def _worded_day(text: str) -> Day | None:
    """A day with its month in words, in any order."""
    words = WORD.findall(text)
    months = [MONTH_NUMBERS[word] for word in words if word in MONTH_NUMBERS]
    if len(months) == 2 and words[0] in WEEKDAY_NUMBERS:
        del months[0]  # `mar` is a Tuesday in Paris and a month in Madrid
    figures = [word for word in words if word.isdecimal()]
    if len(months) != 1 or len(figures) != 2:
        return None
    if len(figures[0]) == 4:
        figures.reverse()
    day, year = figures
    return (_full_year(year), months[0], int(day)) if len(day) <= 2 and len(year) in (2, 4) else None


def _full_year(text: str) -> int:
    year = int(text)
    return year if len(text) == 4 else year + (1900 if year >= PIVOT else 2000)


def _moment(day: Day, clock: Clock, zone: tzinfo) -> datetime:
    hour, minute, second = clock
    if (hour, minute, second) == (24, 0, 0):
        return _in_utc(datetime(*day, tzinfo=zone)) + timedelta(days=1)
    return _in_utc(datetime(*day, hour, minute, min(second, 59) if second == 60 else second, tzinfo=zone))


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
