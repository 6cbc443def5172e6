"""What `up` refuses and `down` ends: half-dead systems, taken ports, folders of somebody else."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import LIBS
from servers.processes import SITES, accepts, free_port, wait_until

from geowire.errors import Transient
from geowire.liveness import identity_of
from local import __main__ as command
from local import postgres
from local.compose import read_services
from local.end import end_all
from local.launch import Launch, System
from local.plan import Place, Planned, Ports
from local.record import Running, claim_folder, read_record, write_record

IN_ALL = 15 + SITES
"""Ports in a row that a system here may take: those with a number of their own, the sample sites, the services."""


class Sleepers:
    """Processes that only wait, as children of the test."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, level: int = 0, script: str = "exec sleep 600") -> Running:
        """One in a group of its own."""
        process = subprocess.Popen(["sh", "-c", script], start_new_session=True)
        self._processes.append(process)
        return Running(name, identity_of(process.pid), level, signal.SIGTERM)

    def kill(self, running: Running) -> None:
        """End one as a crash does."""
        os.killpg(running.pid, signal.SIGKILL)
        next(one for one in self._processes if one.pid == running.pid).wait()

    def end(self) -> None:
        """End whatever is left."""
        for process in self._processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture
def sleepers() -> Iterator[Sleepers]:
    """None yet."""
    made = Sleepers()
    yield made
    made.end()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A system's folder."""
    claim_folder(tmp_path / "system")
    return tmp_path / "system"


@pytest.fixture
def libs(tmp_path: Path) -> Path:
    """Something that looks like Kafka's jars; nothing here gets as far as starting it."""
    (tmp_path / "libs").mkdir()
    (tmp_path / "libs" / "kafka_2.13-4.jar").touch()
    return tmp_path / "libs"


def options(folder: Path, libs: Path, first: int) -> list[str]:
    """Options with free ports."""
    names = ("kafka", "postgres", "prefect", "web", "metrics")
    ports = zip(names, (first, first + 3, first + 4, first + 5, first + 5 + SITES), strict=True)
    return ["--folder", str(folder), "--kafka-libs", str(libs), *[w for n, p in ports for w in (f"--{n}-port", str(p))]]


def test_a_half_dead_system_is_named_and_ended(
    sleepers: Sleepers, folder: Path, libs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`up` says which process has ended and ends the others before it goes on; here a taken port stops it then."""
    alive, dead = sleepers.start("kafka"), sleepers.start("relate", 1)
    write_record(folder, [alive, dead])
    sleepers.kill(dead)
    first = free_port(IN_ALL)
    with socket.create_server(("127.0.0.1", first + 4)):
        assert command.main(["up", *options(folder, libs, first)]) == 1

    said = capsys.readouterr().out
    assert "of the system that is here relate has ended" in said
    assert f"port {first + 4}, meant for prefect-server, is taken" in said
    assert "make up-local PREFECT_PORT=" in said
    assert not alive.is_alive
    assert not read_record(folder)


def test_a_system_that_runs_is_left_alone(
    sleepers: Sleepers, folder: Path, libs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second `up` says so and is content."""
    running = sleepers.start("kafka")
    write_record(folder, [running])

    assert command.main(["up", *options(folder, libs, free_port(IN_ALL))]) == 0

    assert "up already" in capsys.readouterr().out
    assert running.is_alive


def test_a_process_that_got_the_number_later_is_spared(sleepers: Sleepers, folder: Path) -> None:
    """The record's process is gone; who has its number now is not touched."""
    innocent = sleepers.start("innocent")
    host, pid, started = innocent.identity.split("/")
    write_record(folder, [Running("tag", f"{host}/{pid}/{int(started) - 1}", 0, signal.SIGTERM)])

    assert command.main(["down", "--folder", str(folder)]) == 0

    assert innocent.is_alive
    assert not folder.exists()


def test_what_does_not_end_is_killed_with_its_group(
    sleepers: Sleepers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A process that ignores the signal, and a child of it, are gone; it is said."""
    script = f"trap '' TERM; sleep 600 & echo $! > {tmp_path / 'new'}; mv {tmp_path / 'new'} {tmp_path / 'child'}; wait"
    stubborn = sleepers.start("worker", script=script)
    wait_until((tmp_path / "child").exists, "the child")
    child = Running("child", identity_of(int((tmp_path / "child").read_text())), 0, signal.SIGTERM)
    said: list[str] = []
    monkeypatch.setattr("local.end.DRAIN_SECONDS", 0.2)

    end_all([stubborn], said.append)

    wait_until(lambda: not child.is_alive, "the child's end")
    assert not stubborn.is_alive
    assert "worker did not end" in said[0]


def test_the_last_started_ends_first(sleepers: Sleepers, tmp_path: Path) -> None:
    """Each writes its name when it is told to end; those of a lower level wait."""
    log = tmp_path / "log"
    script = "trap 'echo {0} >> {1}; exit' TERM; echo {0} up >> {1}; while :; do sleep 0.05; done"
    started = [sleepers.start(name, level, script.format(name, log)) for level, name in enumerate(("kafka", "tag"))]
    wait_until(lambda: log.exists() and log.read_text().count("up") == 2, "both")

    end_all(started, print)

    assert log.read_text().split()[-2:] == ["tag", "kafka"]


def test_data_is_kept_if_that_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`KEEP_DATA=1` leaves the data and nothing else; without it all goes."""
    (folder / "data" / "kept").touch()

    assert command.main(["down", "--folder", str(folder), "--keep-data"]) == 0
    assert sorted(path.name for path in folder.iterdir()) == [".geowire-local", "data"]
    assert command.main(["down", "--folder", str(folder)]) == 0
    assert not folder.exists()
    assert "nothing was running" in capsys.readouterr().out


def test_a_folder_of_somebody_else_is_not_touched(
    tmp_path: Path, libs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither used nor emptied."""
    theirs = tmp_path / "data"
    theirs.mkdir()
    (theirs / "diary").touch()

    assert command.main(["up", *options(tmp_path, libs, free_port(IN_ALL))]) == 1
    assert command.main(["down", "--folder", str(tmp_path)]) == 0

    assert "has other files in it" in capsys.readouterr().out
    assert (theirs / "diary").exists()


def test_feeds_that_are_named_must_be_there(
    folder: Path, libs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line with the setting's name; a list that is there is taken, and no list means the sample news web."""
    monkeypatch.setenv("GEOWIRE_FEEDS", "no-such.opml")
    assert command.main(["up", *options(folder, libs, free_port(IN_ALL))]) == 1
    assert "GEOWIRE_FEEDS: there is no file no-such.opml" in capsys.readouterr().out

    Path("mine.opml").touch()
    assert command.find_feeds({"GEOWIRE_FEEDS": ""}) == ""
    monkeypatch.setenv("GEOWIRE_FEEDS", "mine.opml")
    assert command.find_feeds({"GEOWIRE_FEEDS": "mine.opml"}) == str(Path("mine.opml").resolve())
    monkeypatch.setenv("GEOWIRE_FEEDS", "https://news.example/feeds.opml")
    assert command.find_feeds({"GEOWIRE_FEEDS": "x"}) == "https://news.example/feeds.opml"


def test_one_command_at_a_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While one is at work another says so and changes nothing."""
    with command.only_one(folder):
        assert command.main(["down", "--folder", str(folder)]) == 1

    assert "another make up-local or down-local is at work" in capsys.readouterr().out
    assert folder.exists()


def test_kafka_that_is_not_there_is_said(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the folder where it was looked for."""
    assert command.main(["up", "--folder", str(folder), "--kafka-libs", str(tmp_path)]) == 1

    assert f"there is no Kafka in {tmp_path}" in capsys.readouterr().out


def test_a_start_that_fails_ends_what_it_started(folder: Path, libs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A broker that cannot start takes the sample news web with it, and its log is named or its words are shown."""
    first = free_port(IN_ALL)

    assert command.main(["up", *options(folder, libs, first)]) == 1

    assert "Kafka cannot make its storage ready" in capsys.readouterr().out
    assert not read_record(folder)
    assert not accepts(first + 5)


@pytest.fixture
def launched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, bool], Launch]]:
    """Starts one process instead of a system, and ends it."""
    started: list[Launch] = []
    monkeypatch.setattr("local.launch.PAUSE_SECONDS", 0.01)

    def launch(script: str, is_one_shot: bool) -> Launch:
        place = Place(folder, folder, Path("/bin"), Ports(), "feeds", {}, {})
        planned = {"tag": Planned("tag", ("sh", "-c", script), {"PATH": os.environ["PATH"]}, is_one_shot)}
        monkeypatch.setattr("local.launch.plan", lambda _: planned)
        services = read_services('services: {tag: {image: "geowire:local"}}', {})
        started.append(Launch(System(services, place, folder, None), print))
        started[-1].run()
        return started[-1]

    yield launch
    for one in started:
        end_all(one.started, print)
        for process in one._processes.values():
            process.wait(20)


def test_what_ends_at_its_start_is_started_again(
    launched: Callable[[str, bool], Launch], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `restart` in the compose file: the second time it stays, and the record holds that process alone."""
    again = f"test -e {folder}/tmp/once && echo Ctrl-C ends it && exec sleep 600; touch {folder}/tmp/once; exit 2"

    launch = launched(again, False)

    assert "tag ended at its start with 2; started again" in capsys.readouterr().out
    assert [one.name for one in launch.started if one.is_alive] == ["tag"]
    assert read_record(folder) == tuple(launch.started)


@pytest.mark.parametrize(("script", "is_one_shot"), [("exit 3", False), ("exit 3", True), ("exit 0", False)])
def test_what_never_comes_up_is_named(
    launched: Callable[[str, bool], Launch], script: str, is_one_shot: bool, folder: Path
) -> None:
    """With its last status and its log; a long-lived process that ends well has not come up either."""
    with pytest.raises(Transient, match=rf"tag ended 3 times at its start, last with \d; see {folder}/logs/tag\.log"):
        launched(script, is_one_shot)


def test_what_is_to_end_has_come_up_when_it_is_done(launched: Callable[[str, bool], Launch]) -> None:
    """The next level waits for it."""
    assert not launched("exit 0", True).started[0].is_alive


def test_postgresql_is_used_only_where_it_can_run(tmp_path: Path) -> None:
    """Missing binaries are named; a password is chosen once, and only its owner can read it."""
    assert postgres.why_not(None, tmp_path) == "PostgreSQL's binaries are not installed"
    (tmp_path / "data").mkdir()

    first = postgres.password_in(tmp_path, "")

    assert len(first) >= 24
    assert postgres.password_in(tmp_path, "another") == first
    assert postgres.password_file(tmp_path).stat().st_mode & 0o777 == 0o600


def test_the_jars_are_looked_for_where_make_puts_them() -> None:
    """The default is the folder that the tests' broker comes from."""
    assert command.parser().parse_args(["up"]).kafka_libs == LIBS
