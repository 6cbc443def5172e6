"""PostgreSQL from the binaries of this machine, with the user, databases and script of the compose file."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import pq, sql

from geowire.errors import Misconfigured
from local.compose import Service
from local.plan import LOOPBACK, Place, Planned

STOP = signal.SIGINT
"""Ends it without waiting for clients to go."""


def find_binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, the newest version first; None if there is none."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    found = str(debian[0]) if debian else shutil.which("initdb")
    return Path(found).parent if found else None


def unprivileged(command: Sequence[str]) -> list[str]:
    """PostgreSQL refuses to run as root: as root, become Debian's user `postgres`, with no process in between."""
    become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    return [*become, *command] if os.geteuid() == 0 else list(command)


def why_not(binaries: Path | None, folder: Path) -> str | None:
    """Why PostgreSQL cannot run here; None if it can."""
    if binaries is None:
        return "PostgreSQL's binaries are not installed"
    command = unprivileged(["test", "-x", str(folder)])
    try:
        may_enter = subprocess.run(command, check=False, capture_output=True, cwd="/").returncode == 0  # noqa: S603
    except FileNotFoundError:
        return "as root PostgreSQL needs setpriv, which is not installed"
    return None if may_enter else f"PostgreSQL's user may not enter {folder}"


def takes_connections(port: int) -> bool:
    """Whether a server on this port of loopback has started up; for a moment it listens and refuses everybody."""
    return pq.PGconn.ping(f"host={LOOPBACK} port={port} connect_timeout=2".encode()) == pq.Ping.OK


def password_in(folder: Path, given: str) -> str:
    """The password of the database in the folder, chosen when it is made: the one given, or a new one."""
    kept = password_file(folder)
    if kept.exists():
        return kept.read_text(encoding="utf-8")
    password = given or secrets.token_urlsafe(24)
    with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(password)
    return password


def make_cluster(service: Service, place: Place, binaries: Path) -> None:
    """An empty cluster in its folder, unless it is there. Raises `Misconfigured` with what PostgreSQL says."""
    data = data_folder(place)
    if (data / "PG_VERSION").exists():
        return
    shutil.rmtree(data, ignore_errors=True)  # a making that was broken off
    data.mkdir(parents=True)
    if os.geteuid() == 0:
        for path in (data, password_file(place.folder)):
            shutil.chown(path, "postgres", "postgres")
    options = ["-A", "scram-sha-256", "-U", service.environment["POSTGRES_USER"], "-E", "UTF8", "--no-sync"]
    password = f"--pwfile={password_file(place.folder)}"
    command = unprivileged([str(binaries / "initdb"), "-D", str(data), *options, password])
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd="/")  # noqa: S603
    if done.returncode:
        raise Misconfigured(f"PostgreSQL cannot make its cluster: {' '.join(done.stderr.split())[-300:]}")


def plan_postgres(service: Service, place: Place, binaries: Path) -> Planned:
    """The server's process, on loopback alone."""
    options = ["-c", f"listen_addresses={LOOPBACK}", "-c", "unix_socket_directories="]
    server = [str(binaries / "postgres"), "-D", str(data_folder(place)), "-p", str(place.ports.postgres), *options]
    return Planned(service.name, tuple(unprivileged(server)), dict(place.inherited))


def make_databases(service: Service, place: Place) -> None:
    """The database of the service, and before it what its script makes, unless they are there."""
    said = service.environment
    with psycopg.connect(
        host=LOOPBACK, port=place.ports.postgres, dbname="postgres",
        user=said["POSTGRES_USER"], password=said["POSTGRES_PASSWORD"], autocommit=True,
    ) as connection:  # fmt: skip
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [said["POSTGRES_DB"]]).fetchone():
            return
        for target, source in service.mounts.items():
            if target.startswith("/docker-entrypoint-initdb.d/"):
                connection.execute((place.root / source).read_bytes())
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(said["POSTGRES_DB"])))


def data_folder(place: Place) -> Path:
    """Where the cluster lies."""
    return place.folder / "data" / "postgres"


def password_file(folder: Path) -> Path:
    """Where the password is kept, for its owner alone."""
    return folder / "data" / "postgres.password"
