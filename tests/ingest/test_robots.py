"""robots.txt: how it is read, and what publishers say about training."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.answer import Response
from ingest.page_policy import opts_out, page_policy
from ingest.robots import SIZE_LIMIT, matches_path, own_names, parse_robots

Maker = Callable[..., str]
OURS = frozenset({"geowire"})
SITE = "https://wire.example"


def allows(robots: str, path: str, names: frozenset[str] = OURS) -> bool:
    """Whether this robots.txt lets us read a path."""
    return parse_robots(robots.encode(), names).allow(SITE + path)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/", "/anything", True),
        ("/fish", "/fish.html", True),
        ("/fish", "/Fish.asp", False),
        ("/fish*", "/fishheads", True),
        ("/fish/", "/fish", False),
        ("/*.php", "/folder/filename.php?parameters", True),
        ("/*.php$", "/filename.php", True),
        ("/*.php$", "/filename.php?parameters", False),
        ("/*.php$", "/filename.php5", False),
        ("/fish*.php", "/fishheads/catfish.php?id=1", True),
        ("/a$", "/a", True),
        ("/a$", "/ab", False),
        ("/a*b*c$", "/a-b-c-b-c", True),
        ("/a*bc$", "/abc", True),
        ("/ab*bc$", "/abc", False),
        ("*", "/x", True),
        ("/a$b", "/a$b", True),
        ("fish", "/fish", False),
    ],
)
def test_patterns(pattern: str, path: str, expected: bool) -> None:
    """`*` stands for anything, `$` at the end for the end, and everything else for itself (RFC 9309, 2.2.3)."""
    assert matches_path(pattern, path) is expected


@pytest.mark.parametrize(
    ("robots", "path", "expected"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /news\nAllow: /news/world", "/news/world/1", True),
        ("User-agent: *\nAllow: /news\nDisallow: /news/world", "/news/world/1", False),
        ("User-agent: *\nDisallow: /page\nAllow: /page", "/page", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: geowire\nDisallow: /private", "/a", True),
        ("User-agent: geowire/2.0\nDisallow: /", "/a", False),
        ("User-agent: GeoWire\nDisallow: /", "/a", False),
        ("User-agent: geo\nDisallow: /", "/a", True),
        ("User-agent: a\nUser-agent: geowire\nDisallow: /", "/a", False),
        ("User-agent: geowire\nAllow: /x\n\nUser-agent: geowire\nDisallow: /a", "/a", False),
        ("User-agent: geowire\nSitemap: /s.xml\nUser-agent: b\nDisallow: /", "/a", False),
        ("User-agent: geowire\n\nUser-agent: *\nDisallow: /", "/a", False),
        ("Disallow: /", "/a", True),
        ("User-agent: *\nDisallow: / # all of it", "/a", False),
        ("\ufeffUser-agent: *\r\nDisallow: /\r\n", "/a", False),
        ("user-agent : *\rDISALLOW : /a", "/a", False),
        ("User-agent: *\nDissallow: /a", "/a", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("User-agent: *\nDisallow: /caf%C3%A9", "/café", False),
        ("User-agent: *\nDisallow: /café", "/caf%c3%a9", False),
        ("User-agent: *\nDisallow: /%7Ejoe", "/~joe", False),
        ("User-agent: *\nDisallow: /a%2Fb", "/a/b", True),
        ("User-agent: *\nDisallow: /*?print=", "/a?id=1&print=1", True),
        ("User-agent: *\nDisallow: /*?*print=", "/a?id=1&print=1", False),
        ("<html><body>User-agent: none</body></html>", "/a", True),
    ],
)
def test_rules(robots: str, path: str, expected: bool) -> None:
    """Our group, otherwise everybody's; the longest match; of two that are as long, the one that allows."""
    assert allows(robots, path) is expected


def test_name_that_is_sent_counts_too() -> None:
    """Who runs geowire under a name of their own can be addressed by it."""
    names = own_names("AcmeNews/2.1 (+https://acme.example/bot)")

    assert names == {"acmenews", "geowire"}
    assert not allows("User-agent: acmenews\nDisallow: /", "/a", names)


@pytest.mark.parametrize(
    ("value", "delay"), [("5", 5.0), ("0.5", 0.5), ("0", None), ("-3", None), ("nan", None), ("inf", None), ("x", None)]
)
def test_crawl_delay(value: str, delay: float | None) -> None:
    """Seconds that make sense; anything else is not said."""
    assert parse_robots(f"User-agent: *\nCrawl-delay: {value}".encode(), OURS).crawl_delay == delay


@given(st.binary(max_size=400), st.text(max_size=60))
def test_any_bytes_are_read(body: bytes, path: str) -> None:
    """Nothing that a server sends makes it raise."""
    parse_robots(b"User-agent: *\nDisallow: " + body, OURS).allow(f"{SITE}/{path.translate({91: None, 93: None})}")


@pytest.mark.parametrize(
    "body",
    [
        b"User-agent: *\nDisallow: /" + b"*a" * 200_000 + b"$",
        b"".join(b"User-agent: n%d\n" % number for number in range(30_000)) + b"Disallow: /\n" * 10_000,
        b"User-agent: *\n" + b"Disallow: /*a*b*c*d$\n" * 20_000,
        b"#" * (3 * SIZE_LIMIT),
    ],
)
def test_hostile_files_cost_little(body: bytes) -> None:
    """Wildcards without end, names without end, rules without end: each is read and matched in a moment."""
    started = time.process_time()

    parse_robots(body, OURS).allow(SITE + "/" + "a" * 2_000)

    assert time.process_time() - started < 2.0


@pytest.mark.parametrize(
    ("robots", "expected"),
    [
        ("", False),
        ("User-agent: GPTBot\nDisallow: /", True),
        ("User-agent: CCBot\nDisallow: /*", True),
        ("User-agent: ClaudeBot\nUser-agent: Google-Extended\nDisallow: /", True),
        ("User-agent: anthropic-ai\nDisallow: /archive", False),
        ("User-agent: *\nDisallow: /", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: geowire\nDisallow:", True),
        ("User-agent: SomethingElse\nDisallow: /", False),
    ],
)
def test_who_bars_the_collectors_of_training_data_has_opted_out(robots: str, expected: bool) -> None:
    """One of them, from everything."""
    assert parse_robots(robots.encode(), OURS).bars_ai is expected


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({}, b"<html>", False),
        ({"x-robots-tag": "noindex, noai"}, b"", True),
        ({"x-robots-tag": "noimageai"}, b"", True),
        ({"x-robots-tag": "noindex"}, b"", False),
        ({"tdm-reservation": "1"}, b"", True),
        ({"tdm-reservation": "0"}, b"", False),
        ({}, b'<meta name="robots" content="index, noai, noimageai">', True),
        ({}, b"<META content='noai' NAME='robots'>", True),
        ({}, b'<meta name="tdm-reservation" content="1">', True),
        ({}, b'<meta name="tdm-reservation" content="0">', False),
        ({}, b'<meta name="description" content="what noai means">', False),
        ({}, b"<p>We explain noai and tdm-reservation: 1</p>", False),
    ],
)
def test_pages_that_opt_out(headers: dict[str, str], body: bytes, expected: bool) -> None:
    """Headers and meta elements count, prose does not."""
    assert opts_out(headers, body) is expected


def test_policy_says_nothing_where_nothing_was_asked() -> None:
    """Null is not `allowed`."""
    unknown = page_policy(None, None)
    read = page_policy(None, Response(200, SITE, (), {}, b""))

    assert (unknown.robots, unknown.ai_training) == (None, None)
    assert (read.robots, read.ai_training) == (None, "allowed")
