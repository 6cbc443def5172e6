"""Bytes of a feed as UTF-8, whatever they say they are: one bad byte must not spoil the document. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.charset import codec_of

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
EBCDIC_DECLARATION = b"\x4c\x6f\xa7\x94"
MULTIBYTE = frozenset({"gb18030", "big5hkscs", "cp932", "euc_jp", "cp949", "iso2022_jp"})
BY_LANGUAGE = {
    "big5hkscs": "zh-tw zh-hk zh-mo",
    "gb18030": "zh",
    "euc_jp": "ja",
    "cp932": "ja",
    "cp949": "ko",
    "cp1250": "pl cs sk sl hr hu ro",
    "cp1251": "ru uk bg be mk sr",
    "cp1253": "el",
    "cp1254": "tr az",
    "cp1255": "he",
    "cp1256": "ar fa ur",
    "cp1257": "lt lv et",
    "cp874": "th",
}
"""Encodings to try by the language that an undeclared feed names."""

DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s{0,20}=\s{0,20}["']([A-Za-z0-9._:-]{1,40})["']""", re.IGNORECASE)
CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
LANGUAGE = re.compile(rb"""(?:<(?:dc:)?language>\s{0,100}|xml:lang=["'])([A-Za-z]{2}(?:[-_][A-Za-z]{2})?)""")
HIGH_RUN = re.compile(rb"[\x80-\xff]+")
ASCII = re.compile(r"[\x00-\x7f]+")
SCRIPTS = {
    "cp932": re.compile("[ぁ-んァ-ンー一-龥、。]"),
    "big5hkscs": re.compile("[一-龥，。、]"),
    "koi8_r": re.compile("[а-яё]"),
    "cp1251": re.compile("[а-яёіїєґў]"),
    "cp874": re.compile("[ก-๙]"),
}
"""Letters that text in an encoding mostly consists of, told from the others even where nothing is declared."""
HIGH_BYTES = bytes(range(128, 256))
CONTROL_BYTES = bytes(byte for byte in range(32) if byte not in b"\t\n\r") + b"\x7f"
NO_CHARACTER = re.compile(rb"\xef\xbf[\xbe\xbf]")
HEAD = 4_000
SAMPLE = 50_000
BAD_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class FeedText:
    """A document in clean UTF-8 without a byte order mark."""

    data: bytes
    bad_bytes: int = 0
    """Places where the bytes were none of the document's encoding."""


def _as_windows_byte(error: UnicodeError) -> tuple[str, int]:
    """A byte that is not UTF-8 among those that are was most often pasted from an old document."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("geowire-windows-byte", _as_windows_byte)


def decode_feed(data: bytes, content_type: str) -> FeedText:
    """The document as UTF-8. What is valid UTF-8 is UTF-8, whatever is declared."""
    text, bad_bytes = _decoded(data, content_type)
    clean = text.encode("utf-8", "replace").translate(None, CONTROL_BYTES)
    return FeedText(NO_CHARACTER.sub(b"", clean).replace(b"\xef\xbb\xbf", b"").strip(), bad_bytes)


def declared_encodings(data: bytes, content_type: str) -> list[str]:
    """The encodings that the document and its header name, as Python calls them."""
    in_document = DECLARED.search(data[:HEAD])
    in_header = CHARSET.search(content_type)
    names = [in_document[1].decode() if in_document else "", in_header[1] if in_header else ""]
    return [known for name in names if (known := codec_of(name))]


def _decoded(data: bytes, content_type: str) -> tuple[str, int]:
    marked = _marked_encoding(data)
    if marked and marked != "utf-8":
        text = data.decode(marked, "replace")
        return text, text.count("\ufffd")
    declared = declared_encodings(data, content_type)
    if b"\x1b$" in data and any(name.startswith("iso2022") for name in declared):
        return data.decode("iso2022_jp", "replace"), 0
    try:
        return data.decode("utf-8"), 0
    except UnicodeDecodeError:
        return _not_quite_utf8(data, declared)


def _marked_encoding(data: bytes) -> str | None:
    """The encoding that the first bytes give away."""
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return encoding
    if data.startswith(EBCDIC_DECLARATION):
        return "cp037"
    head = data[:200]
    zeros_first, zeros_second = head[::2].count(0), head[1::2].count(0)
    if len(head) < 8 or zeros_first + zeros_second < len(head) * 0.3:
        return None
    if zeros_first + zeros_second > len(head) * 0.7:
        return "utf-32-be" if data[0] == 0 else "utf-32-le"
    return "utf-16-be" if zeros_first > zeros_second else "utf-16-le"


def _not_quite_utf8(data: bytes, declared: list[str]) -> tuple[str, int]:
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    good = len(text) - len(data.translate(None, HIGH_BYTES)) - bad
    says_utf8 = not declared or "utf-8" in declared
    if good >= 2 * bad or (says_utf8 and good and bad <= 2):
        return data.decode("utf-8", "geowire-windows-byte"), bad
    for encoding in dict.fromkeys(_candidates(data, declared)):
        text = data.decode(encoding, "replace")
        wrong = text.count("\ufffd")
        if wrong <= BAD_SHARE * (len(data) - len(data.translate(None, HIGH_BYTES))):
            return text, wrong
    return data.decode("cp1252", "replace"), bad


def _candidates(data: bytes, declared: list[str]) -> Iterator[str]:
    """Encodings to try, the ones first that cannot decode just anything."""
    named = [name for name in declared if name != "utf-8"]
    guesses = _of_language(data)
    yield from (name for name in (*named, *guesses) if name in MULTIBYTE)
    if not named and _comes_in_pairs(data):
        yield "gb18030"
    yield from named
    yield from guesses
    if not named:
        yield from _of_script(data)


def _of_language(data: bytes) -> list[str]:
    found = LANGUAGE.search(data[:HEAD])
    language = found[1].decode().lower().replace("_", "-") if found else ""
    tags = (language, language[:2]) if language else ()
    return [encoding for tag in tags for encoding, languages in BY_LANGUAGE.items() if tag in languages.split()]


def _of_script(data: bytes) -> list[str]:
    """Encodings in which the text is mostly letters of one script, if it is none of single accented letters."""
    runs = HIGH_RUN.findall(data[:SAMPLE])
    if sum(map(len, runs)) < 2 * len(runs):
        return []
    return [
        encoding
        for encoding, letters in SCRIPTS.items()
        if _is_mostly(letters, data[:SAMPLE].decode(encoding, "ignore"))
    ]


def _is_mostly(letters: re.Pattern[str], text: str) -> bool:
    foreign = ASCII.sub("", text)
    return len(letters.findall(foreign)) > 0.75 * len(foreign)


def _comes_in_pairs(data: bytes) -> bool:
    """Whether high bytes stand in twos, as in Chinese, and not alone, as in European text."""
    runs = [len(run) for run in HIGH_RUN.findall(data[:SAMPLE])]
    return bool(runs) and all(length % 2 == 0 for length in runs) and max(runs) > 2
