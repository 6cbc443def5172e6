"""The `geowire` command as a person meets it: help, answers, and one line for each mistake."""

from __future__ import annotations

import json
import logging
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.console import set_up_logging
from cli.main import run_app
from cli.sample_web import load_sample_web
from cli.status import minute
from geowire import __version__
from geowire.bus import Record, open_bus
from geowire.settings import load_settings
from geowire.topics import DEADLETTERS

COMMANDS = (
    "demo", "run", "poll", "process", "tail", "status", "feeds", "extract", "tag", "relate", "watch", "deadletters",
    "replay", "rebuild", "backfill", "prefect", "revisit", "forget", "exporter",
)  # fmt: skip
SUBCOMMANDS = (
    *(f"feeds {name}" for name in ("list", "add", "remove", "import", "export", "check")),
    *(f"process {name}" for name in ("tag", "relate", "flag")),
    *(f"deadletters {name}" for name in ("list", "show", "retry")),
    *(f"replay {name}" for name in ("tag", "relate", "flag")),
    *(f"watch {name}" for name in ("check", "test", "send")),
    "prefect setup",
)


@pytest.fixture
def feeds_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue with one feed."""
    path = tmp_path / "feeds.yaml"
    path.write_text("feeds:\n  - url: https://a.example/rss  # the first\n", encoding="utf-8")
    monkeypatch.setenv("GEOWIRE_FEEDS", str(path))
    return path


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """`geowire --version`."""
    assert run_app(["--version"]) == 0
    assert capsys.readouterr().out == f"geowire {__version__}\n"


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("pol", "no such command 'pol'. Did you mean 'poll'?; see geowire --help"),
        ("poll --al", "no such option: --al (Possible options: --all, --help); see geowire poll --help"),
        ("tail", "missing argument 'topic'; see geowire tail --help"),
        (
            "tail flagged --limit 0",
            "invalid value for '--limit' / '-n': Input should be greater than or equal to 1; see geowire tail --help",
        ),
        ("status everything", "got unexpected extra argument(s) (everything); see geowire status --help"),
    ],
)
def test_a_command_typed_wrongly_is_one_line(typed: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong, and where to read more."""
    assert run_app(typed.split()) == 2

    assert capsys.readouterr().err == f"geowire: {line}\n"


@pytest.mark.parametrize("command", [*COMMANDS, *SUBCOMMANDS])
def test_help_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command says how it is typed."""
    assert run_app([*command.split(), "--help"]) == 0

    text = " ".join(capsys.readouterr().out.split())
    assert "Example: " in text
    assert "geowire" in text.partition("Example: ")[2]


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """`geowire --help`."""
    run_app(["--help"])

    shown = capsys.readouterr().out
    assert all(command in shown for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["poll"], {}, "feeds.yaml"),
        (["backfill", "--since", "long ago"], {}, "write an age such as 30d or a day such as 2026-10-01"),
        (["poll"], {"FEEDS": "missing.opml"}, "missing.opml"),
        (["run", "--every", "fast"], {}, "--every: 'fast' is not a duration; write a number and a unit"),
        (["poll", "--feeds", "file:///etc/passwd"], {}, "write the path"),
        (["status"], {"BUS": "amqp://x"}, "kafka://host:9092"),
        (["status"], {"STATE": "mysql://u:secret@h/n"}, "postgresql://user:password@host/name"),
        (["status"], {"MAX_AGE": "soon"}, "GEOWIRE_MAX_AGE"),
        (["tail", "nowhere"], {}, "'nowhere'"),
        (["process", "flag", "--until-idle"], {"WATCHES": "missing.yaml"}, "missing.yaml"),
        (["feeds", "add", "ftp://a.example/rss"], {}, "ftp://a.example/rss"),
        (["feeds", "add", "https://a.example/rss", "--country", "Germany"], {}, "country"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    arguments: list[str],
    environment: dict[str, str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line names what is wrong; there is no traceback, and no password."""
    for name, value in environment.items():
        monkeypatch.setenv(f"GEOWIRE_{name}", value)

    code = run_app(arguments)

    lines = capsys.readouterr().err.strip().splitlines()
    assert code == 2
    assert len(lines) == 1, lines
    assert words in lines[0]
    assert "secret" not in lines[0]


def test_a_broker_that_does_not_answer_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1: nothing was used wrongly."""
    monkeypatch.setenv("GEOWIRE_BUS", "kafka://127.0.0.1:1")
    monkeypatch.setattr("geowire.kafka_cluster.GREETING_SECONDS", 0.3)

    code = run_app(["tail", "articles"])

    line = capsys.readouterr().err.strip()
    assert code == 1
    assert "127.0.0.1:1" in line
    assert len(line.splitlines()) == 1


def test_feeds_are_added_listed_and_removed(feeds_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file keeps its comments."""
    assert run_app(["feeds", "add", "https://b.example/rss", "--publisher", "B News", "--country", "gb"]) == 0
    assert run_app(["feeds", "list", "--json"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()[1:]]
    assert [feed["url"] for feed in listed] == ["https://a.example/rss", "https://b.example/rss"]
    assert listed[1]["publisher"] == {"id": "b.example", "name": "B News", "country": "GB", "family": None}

    assert run_app(["feeds", "remove", "https://b.example/rss"]) == 0

    assert feeds_file.read_text("utf-8") == "feeds:\n  - url: https://a.example/rss  # the first\n"


def test_a_feed_that_is_not_listed_cannot_be_removed(feeds_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line says so, the file stays."""
    before = feeds_file.read_bytes()

    assert run_app(["feeds", "remove", "https://c.example/rss"]) == 2

    assert "c.example" in capsys.readouterr().err
    assert feeds_file.read_bytes() == before


def test_status_of_nothing_is_zero(capsys: pytest.CaptureFixture[str]) -> None:
    """A new installation can be looked at, and says how to begin."""
    assert run_app(["status", "--json"]) == 0

    facts = json.loads(capsys.readouterr().out)
    assert facts["lag"] == {"tag": 0, "relate": 0, "flag": 0}
    assert facts["dead_letters"] == 0
    assert run_app(["status"]) == 0
    assert "geowire feeds add URL" in capsys.readouterr().out


def test_tail_prints_what_cannot_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A dead letter is a line with its reason; foreign bytes do not end the reading."""
    os.environ["GEOWIRE_BUS"] = bus_url = f"sqlite:///{tmp_path / 'bus.db'}"
    facts = (("dlq.stage", b"tag"), ("dlq.reason", b"malformed"), ("dlq.detail", b"version: missing"))
    with open_bus(bus_url) as bus:
        bus.ensure_topics([DEADLETTERS])
        bus.publish([Record(DEADLETTERS.name, b"k", b"{}", facts), Record(DEADLETTERS.name, b"k", b"?")])

    assert run_app(["tail", "deadletters", "--from-beginning", "--limit", "2"]) == 0

    shown = capsys.readouterr().out
    assert "tag: malformed: version: missing" in shown
    assert "not one of geowire's messages" in shown


ARTICLE = {
    "id": "one",
    "title": "Germany pledges tanks to Ukraine",
    "text": "BERLIN - Germany will send Ukraine 18 tanks, its defence ministry said on Monday.",
    "published_at": "2024-10-14T08:00:00Z",
}


def filtered(
    arguments: list[str], lines: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """What a filter answers to lines."""
    source = tmp_path / "lines.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert run_app([*arguments, str(source)]) == 0
    return capsys.readouterr().out.splitlines()


def test_tag_answers_each_line_with_a_tagged_article(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As little as id, title and text is enough."""
    (answer,) = filtered(["tag"], [ARTICLE], tmp_path, capsys)

    tagged = json.loads(answer)
    assert tagged["id"] == "one"
    assert {"DE", "UA"} <= {country["iso"] for country in tagged["countries"]}
    assert tagged["published_at"] == "2024-10-14T08:00:00Z"


@pytest.mark.parametrize("command", [["tag"], ["process", "tag", "--until-idle"]])
def test_a_wrong_spacy_model_is_one_line(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The filter and the stage name the setting, and say what to write."""
    monkeypatch.setenv("GEOWIRE_DATA", str(tmp_path))
    monkeypatch.setenv("GEOWIRE_SPACY_MODEL", str(tmp_path / "nowhere"))

    code = run_app(command)

    (line,) = capsys.readouterr().err.strip().splitlines()
    assert code == 2
    assert line.startswith("geowire: GEOWIRE_SPACY_MODEL: ")
    assert "meta.json" in line


def test_relate_answers_each_line_with_its_story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Copies are named, other events are other stories; undated lines follow in order."""
    other = {"id": "three", "title": "Storm floods Lisbon", "text": "Rain flooded streets in Lisbon on Sunday night."}
    first = ARTICLE | {"text": load_sample_web().articles[0].text}
    copy = first | {"id": "two", "published_at": None}

    answers = [json.loads(line) for line in filtered(["relate"], [first, copy, other], tmp_path, capsys)]

    assert [answer["article_id"] for answer in answers] == ["one", "two", "three"]
    assert answers[0]["story_id"] == answers[1]["story_id"] != answers[2]["story_id"]
    assert [answer["duplicate_of"] for answer in answers] == [None, "one", None]


def test_extract_answers_each_line_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The text of each page, with the address that was asked for."""
    body = "".join(f"<p>{paragraph}</p>" for paragraph in load_sample_web().articles[0].paragraphs)
    html = f"<html><head><title>T</title></head><body><article><h1>T</h1>{body}</article></body></html>"
    lines: list[object] = [{"url": f"https://a.example/{n}", "html": html} for n in range(5)]

    answers = [json.loads(line) for line in filtered(["extract"], lines, tmp_path, capsys)]

    assert [answer["requested_url"] for answer in answers] == [f"https://a.example/{n}" for n in range(5)]
    assert all(load_sample_web().articles[0].paragraphs[-1] in answer["text"] for answer in answers)


@pytest.mark.parametrize("command", ["extract", "tag", "relate"])
@pytest.mark.parametrize("line", ["{", "[1]", '{"title": 3, "url": 4}'])
def test_a_wrong_line_is_named(command: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its number and what to write."""
    source = tmp_path / "lines.jsonl"
    source.write_text(f"\n{line}\n", encoding="utf-8")

    code = run_app([command, str(source)])

    assert code == 1
    assert "geowire: line " in capsys.readouterr().err


def test_what_breaks_is_one_line_without_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """A person sees what broke; the traceback is for GEOWIRE_LOG_LEVEL=DEBUG."""
    for level, shows in (("WARNING", False), ("DEBUG", True)):
        set_up_logging(load_settings(log_level=level), "tests")
        logging.getLogger("ingest.test").error("entry failed", exc_info=ValueError("odd bytes"))
        shown = capsys.readouterr().err
        assert "entry failed" in shown
        assert "odd bytes" in shown
        assert (len(shown.strip().splitlines()) > 1) is shows


def test_run_names_a_port_that_is_taken(feeds_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is started: another server at that port would be taken for geowire's own."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        assert feeds_file.exists()
        assert run_app(["run", "--port", str(port)]) == 2

    shown = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1:{port}" in shown
    assert "Write another --port" in shown
    assert shown.count("\n") == 1


def test_moments_are_shown_to_the_minute_in_utc() -> None:
    """And what has not happened is `never`."""
    assert minute(datetime(2026, 11, 25, 14, 1, 50, 824_601, tzinfo=UTC)) == "2026-11-25 14:01 UTC"
    assert minute(None) == "never"
