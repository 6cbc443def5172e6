"""One real PostgreSQL server in a folder of its own, from Debian's binaries or whatever `initdb` is found."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from servers.processes import free_port, running, wait_until

from local.postgres import takes_connections, unprivileged


@contextlib.contextmanager
def postgres_server(binaries: Path, folder: Path) -> Iterator[str]:
    """A server that is ready; gives the URL of an empty database."""
    data, port = folder / "data", free_port()
    data.mkdir()
    if os.geteuid() == 0:
        shutil.chown(data, "postgres", "postgres")
        for parent in [folder, *folder.parents]:
            if not parent.stat().st_mode & stat.S_IXOTH:
                parent.chmod(0o755)
    initdb = [str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "geowire", "--no-sync", "-E", "UTF8"]
    subprocess.run(unprivileged(initdb), check=True, capture_output=True, timeout=120, cwd="/")
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}", "-c", "fsync=off"]
    server = [str(binaries / "postgres"), "-D", str(data), "-p", str(port), *options]
    # a group of its own: what is sent to the tests' group, such as Ctrl-C, must not end it in the middle
    with running(unprivileged(server), folder / "postgres.log", cwd="/", start_new_session=True) as process:
        wait_until(lambda: takes_connections(port) or process.poll() is not None, "PostgreSQL to take connections")
        yield f"postgresql://geowire@127.0.0.1:{port}/postgres"
