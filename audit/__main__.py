"""`python -m audit requirements-dev.lock --with .venv-audit/bin/pip-audit`: what `make audit` runs."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from audit.verdict import CANARY, Report, decide, read_report

SECONDS = 600.0
OPTIONS = ("--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off")


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit the canary, then the lock; 1 if a vulnerability is known, 0 otherwise, and it is said which."""
    parser = argparse.ArgumentParser(prog="python -m audit", description=__doc__)
    parser.add_argument("lock", type=Path)
    parser.add_argument("--with", dest="auditor", required=True, help="the pip-audit to run")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="geowire-audit-") as folder:
        bait = Path(folder) / "canary.txt"
        bait.write_text(f"{CANARY}\n", encoding="utf-8")
        canary = run_auditor(options.auditor, bait)
    verdict = decide(run_auditor(options.auditor, options.lock), canary)
    for line in verdict.lines:
        sys.stdout.write(f"audit: {line}\n")
    return verdict.status


def run_auditor(auditor: str, requirements: Path) -> Report | None:
    """What pip-audit says of the pinned packages in a file; None if it says nothing."""
    command = [auditor, "--requirement", str(requirements), *OPTIONS]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return read_report(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
