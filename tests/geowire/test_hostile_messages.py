"""Whoever may write to a topic may write anything: what is no message is rejected, and costs no more than its size."""

from __future__ import annotations

import json
import time

import pytest

from geowire.bus import Delivery, Headers, Record
from geowire.errors import Rejected
from geowire.events import decode
from geowire.lines import parse_lines
from geowire.topics import ARTICLES, MODELS

HEADERS: Headers = (("ce_type", b"geowire.article.published"), ("ce_id", b"a:1"), ("ce_time", b"2026-03-02T15:00:00Z"))
ARTICLE = {
    "id": "a",
    "version": 1,
    "url": "https://a.example/",
    "title": "t",
    "text": "x",
    "fetched_at": "2026-03-02T15:00:00Z",
    "publisher": {"id": "p"},
    "feed": {"id": "f", "url": "https://a.example/rss"},
    "body_status": "full",
    "content_hash": "0" * 64,
}


def delivered(value: bytes, headers: Headers = HEADERS) -> Delivery:
    """A record as it comes from the bus."""
    return Delivery(Record(ARTICLES.name, b"a", value, headers), 0, 0, 0)


def test_the_message_that_the_others_are_made_from_is_good() -> None:
    """What is rejected below is rejected for what was changed."""
    assert decode(delivered(json.dumps(ARTICLE).encode())).key == "a"


@pytest.mark.parametrize(
    "value",
    [
        b"[" * 1_000_000,
        b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
        json.dumps(ARTICLE | {"authors": None}).replace("null", "[" * 500 + "]" * 500).encode(),
        json.dumps(ARTICLE | {"version": 10**5_000 % 10**4_000}).encode(),
        json.dumps(ARTICLE).replace('"version": 1', '"version": ' + "9" * 500_000).encode(),
        json.dumps(ARTICLE).replace('"version": 1', '"version": 1e999999999').encode(),
        json.dumps(ARTICLE | {"text": "x" * 5_000_000}).encode(),
        json.dumps(ARTICLE | {"url": "x" * 100_000}).encode(),
        json.dumps(ARTICLE).encode().replace(b'"t"', b'"\xff\xfe"'),
        json.dumps(ARTICLE | {"fetched_at": "9" * 10_000}).encode(),
        json.dumps(ARTICLE | {"fetched_at": "9999-12-31T23:59:59-14:00"}).encode(),
        json.dumps(ARTICLE | {"published_at": "0001-01-01T00:00:00+14:00"}).encode(),
        b"\x00" * 100_000,
        b"",
    ],
)
def test_hostile_values_are_rejected(value: bytes) -> None:
    """Nesting, numbers, lengths, bytes: one short line for the dead letter, at once."""
    begun = time.process_time()

    with pytest.raises(Rejected) as caught:
        decode(delivered(value))

    assert caught.value.reason == "malformed"
    assert len(str(caught.value)) < 1_000
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("name", "value"), [("ce_time", b"\xff"), ("ce_time", b"9" * 100_000), ("ce_type", b"\x1b[2J")]
)
def test_hostile_headers_are_rejected(name: str, value: bytes) -> None:
    """A type that is unknown, a time that is none."""
    headers = tuple((key, value if key == name else good) for key, good in HEADERS)

    with pytest.raises(Rejected):
        decode(delivered(json.dumps(ARTICLE).encode(), headers))


def test_a_line_that_is_nested_without_end_is_named() -> None:
    """The filters read lines of anybody, too."""
    with pytest.raises(Rejected, match="nested too deeply"):
        list(parse_lines(["[" * 200_000]))


def test_a_line_with_half_a_character_is_named() -> None:
    """JSON can write what no encoding can; both halves together are a character."""
    whole, half = r'{"title": "\ud83d\ude00"}', r'{"title": "\uD83d"}'

    lines = parse_lines([whole, half])

    assert next(lines) == {"title": "\U0001f600"}
    with pytest.raises(Rejected, match="line 2: half of a surrogate pair"):
        next(lines)


def test_every_message_has_a_model() -> None:
    """There is no type that is read without being checked."""
    assert all(model.model_config.get("frozen") for model in MODELS.values())
