"""Chaos: faults drawn from a seed hit every process while articles flow; then everything read raw must be there.

    python -m benchmarks.chaos SHARED [--seed N] [--faults 30] [--embedded] [--copies 7]

SHARED is the folder with `newsworld/serve.py` and `data/pages`. A real Kafka (jars in .kafka/libs) and a real
PostgreSQL, or with --embedded neither. Prints a table of faults and a verdict; exits 1 if anything is missing.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import urllib.request
from pathlib import Path
from random import SystemRandom

from benchmarks.chaos_plan import EMBEDDED_KINDS, KINDS, Fault, plan
from benchmarks.chaos_run import Feeds, Place, Setting, run
from benchmarks.chaos_servers import newsworld_program
from benchmarks.chaos_table import fault_row, markdown_table

SECONDS_PER_FAULT = 16
"""About; the feeds grow for so long that articles flow until the last fault."""
LATENCY_MS = 150.0
ENVIRONMENT = {
    "GEOWIRE_MAX_AGE": "3650d",
    "GEOWIRE_STORY_WINDOW": "3650d",  # the pages are years apart: none of them is late, so that flags are raised
    "GEOWIRE_CONCURRENCY": "2",
    "GEOWIRE_FETCH_ATTEMPTS": "20",  # polls are seconds apart: what fails for a while must not use up its attempts
    "GEOWIRE_POLL_INTERVAL": "30s",
    "GEOWIRE_POLL_INTERVAL_MIN": "15s",
    "GEOWIRE_POLL_INTERVAL_MAX": "60s",
}


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6), help="random if not given")
    parser.add_argument("--faults", type=int, default=30)
    parser.add_argument("--copies", type=int, default=7, help="1 to 7; 7 gives 994 articles")
    parser.add_argument("--embedded", action="store_true", help="the embedded bus and state instead of the servers")
    parser.add_argument("--keep", type=Path, help="an empty folder for logs and data, kept; else they go at the end")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started must be ended
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        return torment(arguments, arguments.keep.resolve())
    with tempfile.TemporaryDirectory(prefix="geowire-chaos-", ignore_cleanup_errors=True) as folder:
        return torment(arguments, Path(folder))


def torment(arguments: argparse.Namespace, folder: Path) -> int:
    """The whole run in a folder; 0 if everything holds."""
    again = f"SEED={arguments.seed} FAULTS={arguments.faults}"
    print(f"chaos: {again}{' EMBEDDED=1' if arguments.embedded else ''}; logs in {folder}", flush=True)
    changing = arguments.faults * SECONDS_PER_FAULT / 3
    program, address = newsworld_program(arguments.shared, folder, arguments.copies, changing, LATENCY_MS)
    feeds = Feeds(program, f"{address}/feeds.opml", lambda: addresses_at(address))
    setting = Setting(ENVIRONMENT, embedded=arguments.embedded)

    def faults(place: Place) -> list[Fault]:
        kinds = EMBEDDED_KINDS if arguments.embedded else KINDS
        return plan(arguments.seed, arguments.faults, [kind for kind in kinds if place.can_suffer(kind)])

    told = run(folder, feeds, setting, faults, lambda line: print(line, flush=True))
    print("\n" + markdown_table(("fault", "at second", "target", "pid", "recovery"), map(fault_row, told.suffered)))
    print(f"\nended by themselves or by a fault: {told.ends}\n")
    print("\n".join(map(str, told.lines)))
    return 0 if told.holds else 1


def addresses_at(site: str) -> frozenset[str]:
    """The addresses of all articles."""
    with urllib.request.urlopen(f"{site}/gold.json", timeout=30) as answer:  # noqa: S310  # our own server
        return frozenset(json.load(answer))


if __name__ == "__main__":
    sys.exit(main())
