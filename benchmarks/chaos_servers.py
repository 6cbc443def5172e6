"""The servers of a chaos run, ready to be killed and started again on the same folder and port."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.kafka_broker import CLUSTER_ID, JAVA, properties
from servers.processes import SITES, free_port

from benchmarks.chaos_programs import Program
from local.postgres import unprivileged

DISK = "256m"
FILLER = "filler"
CHUNK = bytes(1_000_000)


def kafka_program(libs: Path, folder: Path) -> tuple[Program, str]:
    """A broker with an empty log, not yet started, and the address of its bus."""
    folder.mkdir()
    port, config = free_port(), folder / "server.properties"
    config.write_text(properties(folder, port, free_port()), encoding="utf-8")
    storage = ["java", "-Xmx128m", "-cp", f"{libs}/*", "kafka.tools.StorageTool", "format"]
    subprocess.run([*storage, "-t", CLUSTER_ID, "-c", str(config)], check=True, capture_output=True, timeout=60)
    java = [*JAVA, f"-Dkafka.logs.dir={folder}", "-cp", f"{libs}/*", "kafka.Kafka", str(config)]
    return Program("broker", java, folder / "broker.log"), f"kafka://127.0.0.1:{port}"


def postgres_program(binaries: Path, folder: Path) -> tuple[Program, str]:
    """A database server, not yet started, and the address of an empty database. It keeps its promises on a crash."""
    folder.mkdir()
    data, port = folder / "data", free_port()
    data.mkdir()
    if os.geteuid() == 0:
        shutil.chown(data, "postgres", "postgres")
        let_through([folder, *folder.parents])
    initdb = [str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "geowire", "--no-sync", "-E", "UTF8"]
    subprocess.run(unprivileged(initdb), check=True, capture_output=True, timeout=120, cwd="/")
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}"]
    server = unprivileged([str(binaries / "postgres"), "-D", str(data), "-p", str(port), *options])
    url = f"postgresql://geowire@127.0.0.1:{port}/postgres"
    return Program("postgres", server, folder / "postgres.log"), url


def let_through(folders: Iterable[Path]) -> None:
    """Let the user that the server becomes reach its own folder; what stands beside it stays closed."""
    for folder in folders:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)


def newsworld_program(
    shared: Path, folder: Path, copies: int, changing: float, latency_ms: float
) -> tuple[Program, str]:
    """Real pages behind feeds that grow, and the address of its first site."""
    port = free_port()
    options = ["--port", str(port), "--copies", str(copies), "--latency-ms", str(latency_ms)]
    if changing:
        options += ["--changing", str(changing)]
    command = [sys.executable, str(shared.resolve() / "newsworld" / "serve.py"), *options]
    return Program("feeds", command, folder / "feeds.log"), f"http://127.0.1.1:{port}"


def sample_web_program(folder: Path) -> tuple[Program, str]:
    """The sample news web, and the address of its first site."""
    port = free_port(SITES)
    command = [sys.executable, "-m", "cli.sample_web", "--port", str(port)]
    return Program("feeds", command, folder / "feeds.log", folder=folder), f"http://127.0.0.1:{port}"


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A disk of its own at the folder, small enough to be filled; False where this user may not mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "geowire-chaos", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607


def fill(disk: Path) -> None:
    """Write until nothing fits any more."""
    with (disk / FILLER).open("wb", buffering=0) as filler:
        size = len(CHUNK)
        while size:
            try:
                filler.write(CHUNK[:size])
            except OSError:
                size //= 10


def give_space(disk: Path) -> None:
    """Undo `fill`."""
    (disk / FILLER).unlink()
