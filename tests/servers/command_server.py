"""Many `geowire` commands for the price of one start: a process that has imported everything forks one for each.

`python command_server.py serve SOCKET` is that process; `python command_server.py call SOCKET ARGUMENTS...` is the
command itself, with the caller's folder, environment and standard streams. Nothing of it leaves this machine.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[2]


def serve(path: str) -> NoReturn:
    """Answer calls one after another, until the caller ends this process."""
    sys.path[:0] = [str(ROOT)]
    import cli.main  # noqa: F401  # what takes so long

    stay_here()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries children; the callers know how they ended
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))  # commands that go on end with this process
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                os._exit(answer(connection))
            connection.close()


def answer(connection: socket.socket) -> int:
    """Become the command that was called for, and tell how it ended."""
    from cli.main import run_app

    message, descriptors, _, _ = socket.recv_fds(connection, 1_000_000, 3)
    call = json.loads(message)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    try:
        status = run_app(call["arguments"])
    except SystemExit as ended:
        status = int(ended.code or 0)
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(b"%d" % status)
    return status


def stay_here() -> None:
    """Refuse every address but those of this machine, before a name is looked up."""
    looked_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
        if name != "localhost" and not name.startswith("127."):
            raise socket.gaierror(f"{name}: tests stay on this machine")
        return looked_up(host, *rest, **named)

    socket.getaddrinfo = getaddrinfo


def call(path: str, arguments: list[str]) -> int:
    """Have a command run; its exit status."""
    message = {"arguments": arguments, "folder": str(Path.cwd()), "environment": dict(os.environ)}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        socket.send_fds(connection, [json.dumps(message).encode()], [0, 1, 2])
        return int(connection.recv(16) or b"1")


if __name__ == "__main__":
    what, socket_path, *rest = sys.argv[1:]
    if what == "serve":
        serve(socket_path)
    sys.exit(call(socket_path, rest))
