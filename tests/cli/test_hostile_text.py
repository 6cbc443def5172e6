"""Titles come from anybody: nothing in one reaches the terminal as a command, or looks like a line of its own."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.console import note, print_json, print_table, say, set_up_logging, visible, visible_json
from cli.main import run_app
from geowire.bus import Record, open_bus
from geowire.events import encode, flagged_event
from geowire.messages import Flagged, Reason
from geowire.settings import load_settings
from geowire.topics import DEADLETTERS, TOPICS
from processors.flag.webhook import body_of

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31mred\x7f\r\x08 [bold]x[/bold] <script>alert(1)</script> \u202egnp.exe"
COMMANDS = ("\x1b", "\x07", "\x08", "\x7f", "\x9b", "\r", "\u202e")
MOMENT = datetime(2026, 3, 2, 15, tzinfo=UTC)


def is_harmless(shown: str) -> bool:
    """Whether a terminal would only show it."""
    return not any(command in shown for command in COMMANDS)


@pytest.mark.parametrize("show", [say, note, lambda text: print_table(text, ("head",), [(text,)])])
def test_what_is_shown_moves_no_cursor(show: object, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines, words on the way, tables with their titles."""
    assert callable(show)
    show(HOSTILE)

    shown = "".join(capsys.readouterr())
    assert is_harmless(shown)
    assert "owned" in shown
    assert "[bold]x" in shown.replace("\n", "")


def test_letters_of_every_script_stay() -> None:
    """Only control characters go; newlines, tabs, joiners and marks of right-to-left scripts are text."""
    text = "Київ\t北京\nالقاهرة\u200f 👩‍🚀 é"

    assert visible(text) == text
    assert visible_json(text) == text


def test_json_means_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters are escaped in JSON's own way."""
    print_json({"title": HOSTILE})

    line = capsys.readouterr().out
    assert is_harmless(line)
    assert json.loads(line) == {"title": HOSTILE}


def test_a_log_line_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings name feeds and pages."""
    set_up_logging(load_settings(), "tests")

    logging.getLogger("ingest").warning("feed %s failed", HOSTILE)

    shown = capsys.readouterr().err
    assert "owned" in shown
    assert is_harmless(shown)


@pytest.fixture
def hostile_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flagged:
    """A bus with a flag and a dead letter that somebody wrote by hand."""
    url = f"sqlite:///{tmp_path / 'bus.db'}"
    monkeypatch.setenv("GEOWIRE_BUS", url)
    headline = f"{HOSTILE}\n2026-03-02 15:00  FLAG forged: nothing happened"
    flag = Flagged(
        watch="w", story_id="s", headline=headline, reason=Reason(kind="words", value="x"), flagged_at=MOMENT
    )
    facts = tuple((f"dlq.{name}", HOSTILE.encode()) for name in ("stage", "reason", "detail", "topic"))
    with open_bus(url) as bus:
        bus.ensure_topics(TOPICS)
        bus.publish([encode(flagged_event(flag)), Record(DEADLETTERS.name, b"k", HOSTILE.encode(), facts)])
    return flag


@pytest.mark.usefixtures("hostile_bus")
@pytest.mark.parametrize("topic", ["flagged", "deadletters"])
def test_tail_shows_a_hostile_message_as_text(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither its headline nor the facts of a dead letter move the cursor, and no title makes a line of its own."""
    assert run_app(["tail", topic, "--from-beginning", "--limit", "1"]) == 0

    shown = capsys.readouterr().out
    assert is_harmless(shown)
    assert "owned" in shown
    assert not [line for line in shown.splitlines() if "FLAG forged" in line and "FLAG w:" not in line]


@pytest.mark.parametrize("topic", ["flagged", "deadletters"])
def test_tail_as_json_is_one_harmless_line(
    topic: str, hostile_bus: Flagged, capsys: pytest.CaptureFixture[str]
) -> None:
    """A message's data means the same; bytes that are no JSON are shown, not obeyed."""
    assert run_app(["tail", topic, "--json"]) == 0

    (line,) = capsys.readouterr().out.split("\n")[:-1]
    assert is_harmless(line)
    if topic == "flagged":
        assert json.loads(line)["headline"] == hostile_bus.headline


def test_a_webhook_gets_it_as_json(hostile_bus: Flagged) -> None:
    """The receiver reads the very headline, and the body can be nothing but JSON."""
    body = body_of(flagged_event(hostile_bus))

    assert json.loads(body)["data"]["headline"] == hostile_bus.headline
    assert b"\x1b" not in body
