"""`python -m local up|down`: what `make up-local` and `make down-local` run."""

from __future__ import annotations

import argparse
import fcntl
import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from dotenv import dotenv_values

from geowire.errors import GeowireError, Misconfigured
from geowire.settings import child_environment, load_settings
from local import kafka, postgres
from local.compose import image_environment, read_services
from local.end import clear, end_all, end_system
from local.launch import Launch, System, left_out, plan
from local.plan import LOOPBACK, SAMPLE_ENVIRONMENT, Place, Ports, shown_ports
from local.ready import ask_for_a_poll, is_free
from local.record import claim_folder, forget_record, read_record

ROOT = Path(__file__).parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked; an error that a person can act on is one line, and the exit status 1."""
    options = parser().parse_args(arguments)
    try:
        with only_one(options.folder):
            return up(options) if options.action == "up" else down(options)
    except GeowireError as error:
        say(str(error))
    except KeyboardInterrupt:
        say("interrupted")
    return 1


def parser() -> argparse.ArgumentParser:
    """The options; those of `Ports` with its defaults."""
    made = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    made.add_argument("action", choices=["up", "down"])
    made.add_argument("--folder", type=lambda text: Path(text).resolve(), default=ROOT / ".local")
    made.add_argument("--keep-data", action="store_true", help="down: leave the data for the next up")
    made.add_argument("--kafka-libs", type=lambda text: Path(text).resolve(), default=ROOT / ".kafka" / "libs")
    ports = Ports()
    for name in ("kafka", "postgres", "prefect", "web", "metrics"):
        made.add_argument(f"--{name}-port", type=int, default=getattr(ports, name))
    return made


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """One command at a time for a folder: the lock is on the clone and leaves nothing behind."""
    descriptor = os.open(folder if folder.is_dir() else ROOT, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Misconfigured("another make up-local or down-local is at work; wait until it is done") from None
    finally:
        os.close(descriptor)


def up(options: argparse.Namespace) -> int:
    """Start the system unless it is up; a half-dead one is ended first."""
    folder: Path = options.folder
    running = read_record(folder)
    dead = [process.name for process in running if not process.is_alive]
    if running and not dead:
        say(f"the system is up already; make down-local ends it; {where_to_look(folder)}")
        return 0
    if running:
        logs = ", ".join(str(folder / "logs" / f"{name}.log") for name in dead)
        say(f"of the system that is here {', '.join(dead)} has ended (see {logs}); the rest is ended, all starts anew")
        end_system(folder, say)
    system = system_of(options)
    refuse_taken_ports(system)
    launch = Launch(system, say)
    try:
        launch.run()
    except BaseException:
        end_all(launch.started, say)
        forget_record(folder)
        raise
    write_environment(system)
    polls = (
        "a first poll is under way" if ask_for_a_poll(system.place.ports) else "the first poll comes with the schedule"
    )
    say(f"the system is up and {polls}; {where_to_look(folder, system.place.ports)}")
    return 0


def down(options: argparse.Namespace) -> int:
    """End the system and remove what it has written; the data stays if that is asked for."""
    folder: Path = options.folder
    was_up = end_system(folder, say)
    clear(folder, keep_data=options.keep_data)
    kept = f"; its data is kept in {folder / 'data'}" if options.keep_data and (folder / "data").exists() else ""
    say(f"the system has ended{kept}" if was_up else f"nothing was running{kept}")
    return 0


def system_of(options: argparse.Namespace) -> System:
    """What is to be started on this machine. Raises `Misconfigured` for what is missing."""
    folder: Path = options.folder
    if not kafka.is_there(options.kafka_libs):
        raise Misconfigured(f"there is no Kafka in {options.kafka_libs}; make up-local gets it with Maven")
    if not claim_folder(folder):
        raise Misconfigured(f"{folder} has other files in it; name another folder: make up-local LOCAL=...")
    inherited = child_environment({})
    variables = {name: value or "" for name, value in dotenv_values(ROOT / ".env").items()} | inherited
    password = postgres.password_in(folder, variables.get("POSTGRES_PASSWORD", ""))
    services = read_services(
        (ROOT / "docker-compose.yml").read_text("utf-8"), {**variables, "POSTGRES_PASSWORD": password}
    )
    ports = Ports(
        options.kafka_port, options.postgres_port, options.prefect_port, options.web_port, options.metrics_port
    )
    binaries = postgres.find_binaries()
    if reason := postgres.why_not(binaries, folder):
        say(f"{reason}: state is kept in SQLite")
        binaries = None
    image = image_environment((ROOT / "Dockerfile").read_text("utf-8"))
    image = {name: value for name, value in image.items() if name != "PATH"}
    place = Place(ROOT, folder, Path(sys.executable).parent, ports, find_feeds(variables), inherited, image)
    return System(services, place, options.kafka_libs, binaries)


def find_feeds(variables: Mapping[str, str]) -> str:
    """The feed list that a person has; empty if there is none. Raises `Misconfigured` if it is named and not there."""
    location = load_settings().feeds_location
    if "://" in location:
        return location
    named, beside = Path(location), Path(variables.get("GEOWIRE_FEEDS_FILE") or "feeds.yaml")
    if variables.get("GEOWIRE_FEEDS") and not named.is_file():
        raise Misconfigured(f"GEOWIRE_FEEDS: there is no file {location}; write the path or address of a feed list")
    found = next((path for path in (named, ROOT / beside) if path.is_file()), None)
    if found is None:
        say("there is no feed list (GEOWIRE_FEEDS, feeds.yaml): the sample news web is polled")
    return str(found.resolve()) if found else ""


def refuse_taken_ports(system: System) -> None:
    """Raises `Misconfigured` that names the first port that somebody else listens on."""
    planned = plan(system)
    for name in left_out(system.services, list(planned)):
        say(f"{name} is not started here")
    shown = shown_ports(system.services, system.place.ports)
    for port, (name, option) in system.place.ports.taken_by(planned, shown).items():
        if not is_free(port):
            raise Misconfigured(
                f"port {port}, meant for {name}, is taken; end what listens there, or write: make up-local {option}=..."
            )


def write_environment(system: System) -> None:
    """A file for a shell, for its owner alone: with it every command of geowire speaks to this system."""
    worker = plan(system)["worker"].environment
    names = ["GEOWIRE_STATE", "GEOWIRE_FEEDS", "GEOWIRE_DATA", "PREFECT_API_URL"]
    values = {name: worker[name] for name in names if name in worker}
    values |= {"GEOWIRE_BUS": f"kafka://{LOOPBACK}:{system.place.ports.kafka}"}
    values |= {} if system.place.feeds else SAMPLE_ENVIRONMENT
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(values.items())]
    with os.fdopen(os.open(system.place.folder / "env", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(lines)


def where_to_look(folder: Path, ports: Ports | None = None) -> str:
    """Where a person finds what."""
    site = f"the UI is at http://{LOOPBACK}:{ports.prefect}, " if ports else ""
    shell = f". {folder / 'env'}; .venv/bin/geowire tail flagged --from-beginning"
    return f"{site}logs are in {folder / 'logs'}; look with: {shell}"


def say(line: str) -> None:
    """A line for a person."""
    sys.stdout.write(f"geowire: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to end, it ends what it has begun
    sys.exit(main())
