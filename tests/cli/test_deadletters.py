"""`geowire deadletters`: what a person sees, copies and sends back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import run_app
from geowire.bus import Bus, Delivery, Record, Unwritable, open_bus
from geowire.deadletters import dead_letter, undeliverable
from geowire.errors import Rejected
from geowire.topics import ARTICLES, TOPICS


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    """A bus with two letters of tag and one record that is too large for its topic."""
    monkeypatch.setenv("GEOWIRE_BUS", f"sqlite:///{tmp_path / 'bus.db'}")
    monkeypatch.setenv("GEOWIRE_DATA", str(tmp_path))
    letters = [
        dead_letter(delivery(offset), Rejected(reason, "title: missing"), "tag", "geowire.tag")
        for offset, reason in ((7, "malformed"), (8, "internal-error"))
    ]
    large = Record(ARTICLES.name, b"one", b"x" * 2_000_000)
    with open_bus(f"sqlite:///{tmp_path / 'bus.db'}") as opened:
        opened.ensure_topics(TOPICS)
        opened.publish([*letters, undeliverable(Unwritable(large, "too-large", "2000000 bytes"))])
        yield opened


def delivery(offset: int) -> Delivery:
    """A record that tag could not read."""
    return Delivery(Record(ARTICLES.name, b"one", b'{"id": 1}', (("ce_type", b"x"),)), 3, offset, 1_767_268_800_000)


def listed(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, object]]:
    """What `list --json` says."""
    capsys.readouterr()
    assert run_app(["deadletters", "list", "--json", *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.usefixtures("bus")
def test_a_letter_is_listed_with_an_id_to_copy(capsys: pytest.CaptureFixture[str]) -> None:
    """And shown by it, with its facts, headers and bytes."""
    (letter,) = listed(capsys, "--reason", "malformed")

    assert (letter["stage"], letter["topic"], letter["partition"], letter["offset"]) == ("tag", ARTICLES.name, 3, 7)
    assert run_app(["deadletters", "list", "--stage", "tag"]) == 0
    assert str(letter["id"]) in capsys.readouterr().out
    assert run_app(["deadletters", "show", str(letter["id"])]) == 0
    shown = capsys.readouterr().out
    assert f"waits; geowire deadletters retry {letter['id']}" in shown
    assert "header ce_type: x" in shown
    assert '{"id": 1}' in shown


@pytest.mark.usefixtures("bus")
def test_what_was_retried_waits_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    """`list` and `status` count what still waits; a second retry of the same id sends nothing."""
    letters = {str(letter["reason"]): str(letter["id"]) for letter in listed(capsys)}

    assert run_app(["deadletters", "retry", letters["malformed"]]) == 0
    assert "1 given to tag" in capsys.readouterr().out
    assert run_app(["deadletters", "retry", letters["malformed"]]) == 0

    assert "was retried already" in capsys.readouterr().err
    assert [letter["reason"] for letter in listed(capsys)] == ["internal-error", "too-large"]
    assert run_app(["status", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["dead_letters"] == 2


@pytest.mark.usefixtures("bus")
def test_retrying_all_says_what_came_of_each_stage(capsys: pytest.CaptureFixture[str]) -> None:
    """What fails again is a letter with one attempt more; what is still too large waits on, with what to do."""
    assert run_app(["deadletters", "retry", "--all", "--stage", "tag", "--limit", "1"]) == 0
    assert "1 given to tag" in capsys.readouterr().out
    assert run_app(["deadletters", "retry", "--all"]) == 0
    shown = capsys.readouterr().out
    assert "1 given to tag" in shown
    assert "raise the topic's max.message.bytes" in shown

    assert run_app(["process", "tag", "--until-idle", "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["dead_letters"] == 2
    again = listed(capsys, "--stage", "tag")
    assert [(letter["reason"], letter["attempts"]) for letter in again] == [("unknown-type", 2)] * 2


@pytest.mark.usefixtures("bus")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["retry"], "--all"),
        (["retry", "1:1", "--all"], "or --all"),
        (["retry", "1:1", "--stage", "tag"], "write --all instead of ids"),
        (["retry", "nine"], "no dead letter 'nine'"),
        (["show", "0:99"], "write an id that geowire deadletters list shows"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what to write."""
    assert run_app(["deadletters", *arguments]) == 2

    error = capsys.readouterr().err
    assert says in error
    assert len(error.splitlines()) == 1
