"""robots.txt as RFC 9309 reads it: groups by product token, `*` and `$`, the longest match wins. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

SIZE_LIMIT = 500 * 1024
"""Bytes that are read (RFC 9309, 2.5)."""
RULES_LIMIT = 10_000
PATTERN_LIMIT = 2_048
"""No address is longer; a longer pattern only costs time."""
OWN_NAME = "geowire"
AI_CRAWLERS = frozenset({"gptbot", "ccbot", "google-extended", "anthropic-ai", "claudebot"})
"""Crawlers that collect text for training; who bars one of them from everything has opted out."""
EVERYTHING = frozenset({"/", "/*", "*"})

TOKEN = re.compile(r"\*|[A-Za-z_-]+")
ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
PRINTABLE = "".join(chr(code) for code in range(33, 127))
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
DISALLOW = frozenset({"disallow", "dissallow", "dissalow", "disalow"})


@dataclass(frozen=True, slots=True)
class Rules:
    """What a robots.txt says to us."""

    paths: tuple[tuple[bool, str], ...] = ()
    """Whether it may be read, and the pattern."""
    crawl_delay: float | None = None
    """Seconds between two requests."""
    bars_ai: bool = False
    """Whether a crawler that collects for training is barred from everything."""

    def allow(self, address: str) -> bool:
        """Whether the address may be read. Of two matches of one length the one that allows wins."""
        path = path_of(address)
        if path == "/robots.txt":
            return True
        matches = ((len(pattern), allows) for allows, pattern in self.paths if matches_path(pattern, path))
        return max(matches, default=(0, True))[1]


@dataclass(slots=True)
class _Group:
    paths: list[tuple[bool, str]] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)

    def take(self, key: str, value: str) -> None:
        if key == "crawldelay":
            self.delays += _seconds(value)
        elif value and len(self.paths) < RULES_LIMIT:  # an empty Disallow forbids nothing
            self.paths.append((key == "allow", _octets(value[:PATTERN_LIMIT])))


def own_names(user_agent: str) -> frozenset[str]:
    """The names under which a robots.txt may address us: our own, and the one that we send."""
    sent = TOKEN.match(user_agent)
    return frozenset({OWN_NAME, sent[0].lower() if sent else OWN_NAME}) - {"*"}


def parse_robots(body: bytes, tokens: Collection[str]) -> Rules:
    """The rules for a crawler of these names. Whatever is no rule is passed over."""
    groups: dict[str, _Group] = {}
    for names, key, value in _records(body[:SIZE_LIMIT], {*tokens, *AI_CRAWLERS, "*"}):
        for name in names:
            groups.setdefault(name, _Group()).take(key, value)
    own = [groups[name] for name in sorted(tokens) if name in groups] or [groups.get("*", _Group())]
    return Rules(
        paths=tuple(path for group in own for path in group.paths),
        crawl_delay=max((delay for group in own for delay in group.delays), default=None),
        bars_ai=any(_bars_everything(groups.get(name, groups.get("*"))) for name in AI_CRAWLERS),
    )


def path_of(address: str) -> str:
    """Path and query of an address, as patterns are written."""
    parts = urlsplit(address)
    return _octets((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def matches_path(pattern: str, path: str) -> bool:
    """Whether a pattern matches from the start of the path. Takes time in proportion to both, whatever they are."""
    if "*" not in pattern and "$" not in pattern:
        return path.startswith(pattern)
    is_anchored = pattern.endswith("$")
    head, *pieces = pattern.removesuffix("$").split("*")
    if not path.startswith(head):
        return False
    if not pieces:
        return not is_anchored or path == head
    tail = pieces.pop() if is_anchored else ""
    at = len(head)
    for piece in pieces:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(path) - len(tail) >= at and path.endswith(tail)


def _records(body: bytes, wanted: set[str]) -> Iterator[tuple[Iterable[str], str, str]]:
    """Each rule with the names that it is for, of those that are wanted: a file may name thousands."""
    names: set[str] = set()
    is_open = False
    for key, value in _lines(body):
        if key == "useragent":
            found = TOKEN.match(value)
            named = {found[0].lower()} & wanted if found else set()
            names = (names if is_open else set()) | named
            is_open = True
            yield named, key, ""  # a group without rules is a group
        elif key in DISALLOW or key in {"allow", "crawldelay"}:
            is_open = False
            yield names, key, value


def _lines(body: bytes) -> Iterator[tuple[str, str]]:
    for line in body.decode("utf-8-sig", "replace").splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield re.sub(r"[\s-]", "", key[:40]).lower(), value.strip()


def _bars_everything(group: _Group | None) -> bool:
    return group is not None and any(not allows and pattern in EVERYTHING for allows, pattern in group.paths)


def _seconds(value: str) -> list[float]:
    try:
        seconds = float(value)
    except ValueError:
        return []
    return [seconds] if math.isfinite(seconds) and seconds > 0 else []


def _octets(text: str) -> str:
    """One spelling for every path: what may stand plain does, everything else is percent-encoded (RFC 9309, 2.2.2)."""
    return ESCAPE.sub(_plain_or_upper, quote(text, safe=PRINTABLE))


def _plain_or_upper(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in UNRESERVED else escape[0].upper()
