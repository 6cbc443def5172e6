"""`geowire demo` and `geowire run`: what a newcomer types first."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import pytest
from servers.commands import Commands
from servers.processes import SITES, accepts, free_port, running, wait_until

from cli.sample_web import load_sample_web
from flows.server import is_ready


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    """The command with an embedded bus."""
    return Commands(tmp_path, f"sqlite:///{tmp_path / 'bus.db'}", {"COLUMNS": "160"})


def test_the_demo_shows_the_whole_way(commands: Commands) -> None:
    """Counts that add up, five tagged articles, flagged military aid with its evidence; nothing is left behind."""
    shown = commands.done("demo")

    first, second = (counts_after(shown, title) for title in ("First poll", "Second poll"))
    entries = int(re.search(r"First poll: (\d+) entries", shown)[1])  # type: ignore[index]
    assert first.pop("in all") == sum(first.values()) == entries
    assert first["published"] == len(load_sample_web().articles)
    assert second["updated"] == 1
    assert shown.count("    countries  ") == 5
    assert re.search(r"FLAG (military-aid-ukraine|arms-to-russia): .+\n +aid: .+\n +“.+”", shown)
    assert not list(commands.folder.iterdir())


def counts_after(shown: str, title: str) -> dict[str, int]:
    """The table under a title."""
    table = shown[shown.index(title) :].split("└", maxsplit=1)[0]
    return {name.strip(): int(count) for name, count in re.findall(r"│ ([\w: -]+?) +│ +(\d+) +│", table)}


@pytest.mark.prefect
def test_run_starts_everything_and_drains(commands: Commands) -> None:
    """Server, schedule and stages come up; articles flow by themselves; SIGTERM ends all of them."""
    port, web_port = free_port(), free_port(SITES)
    commands.environment.update(
        {
            "GEOWIRE_FEEDS": f"http://127.0.0.1:{web_port}/feeds.yaml",
            "GEOWIRE_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
            "GEOWIRE_MAX_AGE": "36500d",
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        }
    )
    with running([sys.executable, "-m", "cli.sample_web", "--port", str(web_port)], commands.folder / "web.log"):
        wait_until(lambda: accepts(web_port), "the sample news web")
        process = commands.start("run", "--port", str(port), "--every", "15s")
        try:
            wait_until(lambda: is_ready("127.0.0.1", port) or process.poll() is not None, "the server", 150)
            wait_until(lambda: len(commands.raw("geowire.flagged.v1")) > 0 or process.poll() is not None, "flags", 150)
            assert process.poll() is None, (commands.folder / f"run---port-{port}---every-15s.log").read_text()
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(90) == 0
    assert not is_ready("127.0.0.1", port)
