"""The processes of `geowire run`: what is left of one is killed with it, and no log grows for ever."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from servers.processes import wait_until

from cli.household import cap_log, end
from geowire.liveness import identity_of, is_gone

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_process_that_does_not_end_is_killed_with_its_children() -> None:
    """A flow run is a child of the process that serves the deployments."""
    process = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    child = identity_of(int(process.stdout.readline()))
    process.stdout.close()

    end(process, seconds=0.1)

    assert process.returncode == -signal.SIGKILL
    wait_until(lambda: is_gone(child), "the child to end")


def test_a_long_log_begins_anew_under_its_writer(tmp_path: Path) -> None:
    """The old one stands beside it, and lines written later are all there."""
    log = tmp_path / "tag.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 10)
        cap_log(log, most=100)
        assert not log.with_name("tag.log.1").exists()

        writer.write(b"old\n" * 90)
        cap_log(log, most=100)
        writer.write(b"new\n")

    assert log.read_bytes() == b"new\n"
    assert log.with_name("tag.log.1").read_bytes() == b"old\n" * 100
