"""`geowire watch`: a watches file is checked, and tried on the stories that are on the bus."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.main import run_app
from cli.wire_lines import evidence_line, story_lines
from geowire.bus import Record, open_bus
from geowire.events import encode, merged_event, story_event
from geowire.messages import FlagEvidence, Story, StoryMerged
from geowire.topics import FLAGGED, STORIES, TOPICS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WATCHES = """
watches:
  - id: aid
    title: Military aid to Ukraine
    all:
      - aid: {recipient: UA}
    again_on: aid
  - id: never
    title: What nobody reports
    all:
      - words: unicorn
"""


def story(version: int, *donors: str, story_id: str = "story", **fields: Any) -> Story:
    """A story update; each donor is told of by an article of its own."""
    added = [
        {
            "article_id": f"{story_id}-{donor}",
            "version": 1,
            "url": f"https://{donor.lower()}.example/",
            "title": f"{donor} sends [bold]tanks[/bold]",
            "publisher": {"id": donor.lower(), "name": f"The {donor} Courier"},
            "published_at": NOON.replace(minute=version),
            "aid": [
                {
                    "action": "provided",
                    "donor": donor,
                    "recipient": "UA",
                    "evidence": [{"field": "text", "start": 0, "end": 9, "quote": f"{donor} sends 18 tanks."}],
                }
            ],
            "why": {"rule": "joined", "model": "relate-1"},
        }
        for donor in donors
    ]
    facts = {"headline": "Tanks for Ukraine", "article_count": version, "publisher_count": 2}
    seen = {"first_seen": NOON, "last_seen": NOON}
    return Story.model_validate({"id": story_id, "version": version, "added": added} | facts | seen | fields)


@pytest.fixture
def bus_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bus with two stories that turn out to be one, an article withdrawn, and a message of somebody else."""
    url = f"sqlite:///{tmp_path / 'bus.db'}"
    monkeypatch.setenv("GEOWIRE_BUS", url)
    events = [
        story_event(story(1, "DE"), NOON),
        story_event(story(1, "NO", story_id="other"), NOON),
        story_event(story(2, "DE", "US"), NOON),
        merged_event(StoryMerged(from_="other", to="story", version=2, merged_at=NOON)),
        story_event(story(3, "NO", merged_from=("other",)), NOON),
        story_event(story(4, removed=("story-US",)), NOON),
    ]
    with open_bus(url) as bus:
        bus.ensure_topics(TOPICS)
        bus.publish([*map(encode, events), Record(STORIES.name, b"k", b"?")])
    return url


@pytest.fixture
def watches(tmp_path: Path) -> str:
    """A file with a watch that fires and one that does not."""
    path = tmp_path / "watches.yaml"
    path.write_text(WATCHES, "utf-8")
    return str(path)


@pytest.mark.usefixtures("bus_url")
def test_what_would_have_fired_is_shown_with_its_evidence(watches: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Flags read like those of the topic; a watch that never fires is named; what cannot be read is counted."""
    assert run_app(["watch", "test", watches]) == 0

    shown = capsys.readouterr()
    assert "FLAG aid: Tanks for Ukraine" in shown.out
    assert "aid: provided DE -> UA" in shown.out
    assert "“DE sends 18 tanks.” (The DE Courier)" in shown.out
    assert "TAKEN BACK aid" in shown.out
    assert "never" in shown.out
    assert "1 messages are not geowire's" in shown.err


def test_json_is_a_line_for_each_flag_in_order_of_time(
    bus_url: str, watches: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What fired on a story that ended is not told again on the one that goes on; nothing reaches the bus."""
    assert run_app(["watch", "test", watches, "--json"]) == 0

    flags = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(flag["reason"]["value"] for flag in flags if not flag["retracts"]) == [
        "provided DE -> UA",
        "provided NO -> UA",
        "provided US -> UA",
    ]
    assert [flag["reason"]["value"] for flag in flags if flag["retracts"]] == ["provided US -> UA"]
    assert [flag["flagged_at"] for flag in flags] == sorted(flag["flagged_at"] for flag in flags)
    with open_bus(bus_url) as bus:
        assert sum(extent.end for extent in bus.extents("geowire.flag", [FLAGGED.name]).values()) == 0
        assert sum(extent.committed for extent in bus.extents("geowire.flag", [STORIES.name]).values()) == 0


@pytest.mark.usefixtures("bus_url")
def test_a_second_trial_shows_the_same(watches: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No state is kept between two."""
    run_app(["watch", "test", watches, "--json"])
    first = capsys.readouterr().out
    run_app(["watch", "test", watches, "--json"])

    assert capsys.readouterr().out == first != ""


@pytest.mark.usefixtures("bus_url")
def test_without_a_file_the_watches_in_force_are_tried(
    watches: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of GEOWIRE_WATCHES, else those that ship."""
    run_app(["watch", "test", "--json"])
    shipped = {json.loads(line)["watch"] for line in capsys.readouterr().out.splitlines()}
    monkeypatch.setenv("GEOWIRE_WATCHES", watches)
    run_app(["watch", "test", "--json"])
    named = {json.loads(line)["watch"] for line in capsys.readouterr().out.splitlines()}

    assert (shipped, named) == ({"military-aid-ukraine"}, {"aid"})


@pytest.mark.parametrize(("topic", "words"), [("tagged", "geowire.stories.v1"), ("stars", "'stars'")])
def test_only_stories_have_a_past(topic: str, words: str, watches: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Another topic is refused in one line."""
    assert run_app(["watch", "test", watches, "--from", topic]) == 2

    (line,) = capsys.readouterr().err.strip().splitlines()
    assert words in line


def test_a_good_file_is_called_good(watches: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what each watch fires on; as JSON, what it was written as."""
    assert run_app(["watch", "check", watches]) == 0
    assert "2 good watches" in capsys.readouterr().out

    assert run_app(["watch", "check", watches, "--json"]) == 0

    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first["all"] == [{"aid": {"recipient": ["UA"]}}]
    assert first["again_on"] == ["aid"]


@pytest.mark.parametrize("command", ["check", "test"])
def test_a_wrong_line_is_named_by_its_number(command: str, watches: str, capsys: pytest.CaptureFixture[str]) -> None:
    """File, line, what is wrong, what to write; exit 2."""
    path = Path(watches)
    path.write_text(WATCHES.replace("recipient: UA", "recipient: ua"), "utf-8")

    assert run_app(["watch", command, watches]) == 2

    (line,) = capsys.readouterr().err.strip().splitlines()
    assert f"{watches}:6: " in line
    assert "write UA" in line


def test_a_newcomer_without_stories_is_told_where_to_get_some(
    watches: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table of zeros would look as if the watches were wrong."""
    monkeypatch.setenv("GEOWIRE_BUS", f"sqlite:///{tmp_path / 'empty.db'}")

    assert run_app(["watch", "test", watches]) == 0

    assert "there are no stories yet; have some with geowire demo" in capsys.readouterr().err


def test_a_story_s_lines_tell_new_from_newer_and_gone() -> None:
    """A correction is an update, a copy a copy, one thing is no plural, and a withdrawal is seen."""
    first = story(1, "DE", publisher_count=1)
    corrected = {"version": 2, "why": first.added[0].why.model_copy(update={"rule": "replaced"})}
    newer = first.model_copy(update={"added": (first.added[0].model_copy(update=corrected),)})
    copy = first.model_copy(update={"added": (first.added[0].model_copy(update={"duplicate_of": "a"}),)})

    assert story_lines(first) == [
        "2026-03-02 12:00  Tanks for Ukraine (1 article, 1 publisher)",
        "    + DE sends [bold]tanks[/bold] (The DE Courier)",
    ]
    assert story_lines(newer)[1] == "    ~ DE sends [bold]tanks[/bold] (The DE Courier, version 2)"
    assert story_lines(copy)[1] == "    + DE sends [bold]tanks[/bold] (The DE Courier, copy)"
    assert story_lines(story(2, removed=("story-DE",)))[1:] == ["    - article story-DE was withdrawn"]


def test_evidence_says_only_what_is_not_plain() -> None:
    """Asserted is the rule; alleged, denied, demanded and planned are worth a word."""
    place = {"field": "text", "start": 0, "end": 5, "quote": "Arms.", "article_id": "a", "url": "https://a.example/"}

    lines = [
        evidence_line(FlagEvidence.model_validate({**place, "publisher": "The Courier", "status": status}))
        for status in ("asserted", "alleged", None)
    ]

    assert lines == ["    “Arms.” (The Courier)", "    “Arms.” (The Courier, alleged)", "    “Arms.” (The Courier)"]
