"""A whole pipeline watched from outside: its metrics, its readiness, and one article in the logs of all stages."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from servers.commands import Commands
from servers.processes import free_port, wait_until

from geowire.events import decode
from geowire.messages import Flagged
from geowire.topics import ARTICLES, FLAGGED, STORIES, TAGGED

OPS = Path(__file__).parents[2] / "ops"
STAGES = ("tag", "relate", "flag")
PROMETHEUS_OWN = {"up"}


@dataclass(frozen=True)
class Watched:
    """A pipeline that has done its work and still runs."""

    commands: Commands
    ports: dict[str, int]

    def ask(self, name: str, path: str) -> tuple[int, str]:
        """Status and body."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def value(self, name: str, sample: str, **labels: str) -> float:
        """The sum of the samples of a metric that have these labels."""
        families = text_string_to_metric_families(self.ask(name, "/metrics")[1])
        samples = [one for family in families for one in family.samples if one.name == sample]
        return sum(one.value for one in samples if labels.items() <= one.labels.items())

    def log_lines(self, command: str) -> list[dict[str, Any]]:
        """The log of a command, without what it printed as its result."""
        text = (self.commands.folder / f"{command}.log").read_text("utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, sample_web_port: int) -> Iterator[Watched]:
    """The sample web polled, and three stages and the exporter that have nothing left to do."""
    folder, first = tmp_path_factory.mktemp("watched"), free_port(4)
    ports = {name: first + number for number, name in enumerate((*STAGES, "exporter"))}
    base = {
        "GEOWIRE_FEEDS": f"http://127.0.0.1:{sample_web_port}/feeds.yaml",
        "GEOWIRE_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
        "GEOWIRE_MAX_AGE": "36500d",
        "GEOWIRE_STORY_WINDOW": "21d",
        "GEOWIRE_LOG_LEVEL": "INFO",
        "GEOWIRE_LOG_FORMAT": "json",
    }
    bus_url = f"sqlite:///{folder / 'bus.db'}"
    with_port = {name: Commands(folder, bus_url, base | {"GEOWIRE_METRICS": str(port)}) for name, port in ports.items()}
    running: list[subprocess.Popen[bytes]] = []
    try:
        running += [with_port[name].start("process", name) for name in STAGES]
        running.append(with_port["exporter"].start("exporter"))
        found = Watched(Commands(folder, bus_url, base), ports)
        poll = found.commands.start("poll", "--all")
        assert poll.wait(120) == 0
        wait_until(lambda: is_quiet(found), "the stages to have read everything", 180)
        yield found
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(30)


def is_quiet(watched: Watched) -> bool:
    """Whether flags are out and nothing waits."""
    read = watched.value("flag", "geowire_stage_messages_taken_total")
    return read > 0 and watched.value("exporter", "geowire_group_lag_messages") == 0 and read >= tagged(watched)


def tagged(watched: Watched) -> float:
    """How many articles were tagged: each of them makes one story message at least."""
    return watched.value("tag", "geowire_stage_messages_published_total")


def test_every_process_is_alive_and_ready(watched: Watched) -> None:
    """Both pages say so, with 200; what is not a page is 404."""
    for name in watched.ports:
        assert watched.ask(name, "/healthz") == (200, "alive\n")
        wait_until(lambda name=name: watched.ask(name, "/readyz") == (200, "ready\n"), f"{name} to be ready", 20)  # type: ignore[misc]
        assert watched.ask(name, "/else")[0] == 404


def test_stages_count_what_stands_on_the_topics(watched: Watched) -> None:
    """Read and published agree with the bus; every article has its delay on every topic; stories are alive."""
    on_topic = {topic: len(watched.commands.raw(topic)) for topic in (ARTICLES.name, TAGGED.name, STORIES.name)}

    assert watched.value("tag", "geowire_stage_messages_taken_total") == on_topic[ARTICLES.name]
    assert watched.value("relate", "geowire_stage_messages_published_total", stage="relate") == on_topic[STORIES.name]
    for stage, topic in (("tag", ARTICLES.name), ("tag", TAGGED.name), ("relate", STORIES.name)):
        for since in ("publication", "fetch"):
            assert watched.value(stage, f"geowire_since_{since}_seconds_count", topic=topic) == on_topic[ARTICLES.name]
    assert watched.value("tag", "geowire_since_fetch_seconds_sum", topic=TAGGED.name) > 0
    assert watched.value("tag", "geowire_stage_batch_seconds_count") > 0
    assert watched.value("relate", "geowire_live_stories") > 0
    assert watched.value("relate", "geowire_stage_state_bytes") > 10_000


def test_flags_are_counted_by_watch(watched: Watched) -> None:
    """As many as stand on the topic, for each watch."""
    flags = [data for d in watched.commands.raw(FLAGGED.name) if isinstance(data := decode(d).data, Flagged)]

    assert flags
    for watch in {flag.watch for flag in flags}:
        told = watched.value("flag", "geowire_flags_total", watch=watch)
        assert told == sum(flag.watch == watch for flag in flags)


def test_the_exporter_tells_of_feeds_and_entries(watched: Watched) -> None:
    """What `geowire status` says too."""
    facts = json.loads(watched.commands.run("status", "--json").stdout)

    for state, count in facts["feeds"].items():
        assert watched.value("exporter", "geowire_feeds", state=state) == count
    for outcome, count in facts["entries"].items():
        assert watched.value("exporter", "geowire_entries_total", outcome=outcome) == count
    assert facts["members"] == dict.fromkeys(STAGES, 1)
    assert watched.value("exporter", "geowire_group_members") == len(STAGES)
    assert watched.value("exporter", "geowire_source_up") == 2


def exported(watched: Watched) -> set[str]:
    """The name of every series that the processes can have, those without a value yet included."""
    names: set[str] = set()
    for process in watched.ports:
        for family in text_string_to_metric_families(watched.ask(process, "/metrics")[1]):
            names |= {family.name, *(sample.name for sample in family.samples)}
            names |= {f"{family.name}_total"} if family.type == "counter" else set()
            names |= (
                {f"{family.name}_{end}" for end in ("bucket", "sum", "count")} if family.type == "histogram" else set()
            )
    return names


def test_dashboard_and_rules_name_only_what_is_exported(watched: Watched) -> None:
    """Every metric in ops/ is one that a real process shows; one that is not would be found."""
    dashboard = json.loads((OPS / "dashboard.json").read_text("utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    used = set(re.findall(r"\bgeowire_\w+", " ".join(expressions) + (OPS / "alerts.yml").read_text("utf-8")))
    names = exported(watched)

    assert len(used) > 20
    assert not used - names
    assert "geowire_stage_messages" not in names


def test_one_article_is_followed_through_all_logs(watched: Watched) -> None:
    """Poll, outbox, tag, relate and flag each have a line with its id; its event's id goes as far as that event."""
    flags = [data for d in watched.commands.raw(FLAGGED.name) if isinstance(data := decode(d).data, Flagged)]
    article_id = next(flag.article_id for flag in flags if flag.article_id)

    about = {
        command: [line for line in watched.log_lines(command) if line.get("article_id") == article_id]
        for command in ("poll---all", "process-tag", "process-relate", "process-flag")
    }

    polled, sent = (next(x for x in about["poll---all"] if x["stage"] == stage) for stage in ("poll", "outbox"))
    tagged_line, story, flagged = (about[f"process-{stage}"][0] for stage in STAGES)
    assert (polled["outcome"], sent["outcome"], sent["topic"]) == ("published", "sent", ARTICLES.name)
    assert polled["ce_id"] == sent["ce_id"] == f"{article_id}:1"
    assert tagged_line["ce_id"].startswith(f"{article_id}:1:")
    assert tagged_line["feed_id"] == polled["feed_id"] == story["feed_id"]
    assert [line["topic"] for line in (tagged_line, story, flagged)] == [TAGGED.name, STORIES.name, FLAGGED.name]
    assert flagged["watch"]
    assert flagged["story_id"] == next(line for line in about["process-relate"] if "story_id" in line)["story_id"]


def test_every_log_line_has_the_same_fields_first(watched: Watched) -> None:
    """Time in UTC, level, logger, process, message; whatever is on standard error is such a line."""
    for stage in STAGES:
        lines = watched.log_lines(f"process-{stage}")
        written = (watched.commands.folder / f"process-{stage}.log").read_text("utf-8").splitlines()
        assert lines
        assert all(line.startswith("{") for line in written)
        for line in lines:
            assert list(line)[:5] == ["time", "level", "logger", "process", "message"]
            assert line["time"].endswith("Z")
            assert datetime.fromisoformat(line["time"]).tzinfo is not None
            assert line["process"] == f"process {stage}"


def test_a_port_that_is_taken_stops_no_stage(watched: Watched) -> None:
    """The stage says so in its log, reads what there is, and ends well."""
    taken = watched.commands.environment | {"GEOWIRE_METRICS": str(watched.ports["tag"])}
    ended = Commands(watched.commands.folder, watched.commands.bus_url, taken).run("process", "tag", "--until-idle")

    told = [json.loads(line) for line in ended.stderr.splitlines()]
    assert ended.returncode == 0
    assert any(line["level"] == "ERROR" and "write another port" in line["message"] for line in told)
