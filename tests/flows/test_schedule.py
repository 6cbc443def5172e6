"""The deployments on a real Prefect server: they fire by themselves, their runs complete, a person can see it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from servers.prefect_server import PrefectServer
from servers.processes import SITES, accepts, free_port, running, wait_until

pytestmark = pytest.mark.prefect

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
BUSIEST = "Feeds with the most new articles"
CHROMIUM_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--window-size=1400,1000",
)  # fmt: skip


@dataclass(frozen=True)
class ServedDeployments:
    """The deployments, served until two scheduled polls are done."""

    server: PrefectServer
    runs: list[dict[str, Any]]
    data: Path


@pytest.fixture(scope="module")
def served(prefect_server: PrefectServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDeployments]:
    """Serve the deployments over the sample news web with a short schedule."""
    folder, port = tmp_path_factory.mktemp("served"), free_port(SITES)
    assert prefect_server.ask("/flow_runs/count", {"flows": {"name": {"any_": ["poll-feeds"]}}}) == 0
    environment = prefect_server.environment | {
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        "GEOWIRE_DATA": str(folder / "data"),
        "GEOWIRE_FEEDS": f"http://127.0.0.1:{port}/feeds.opml",
        "GEOWIRE_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
        "GEOWIRE_MAX_AGE": "36500d",
    }
    web = [sys.executable, "-m", "cli.sample_web", "--port", str(port)]
    flows = [sys.executable, "-m", "flows.serve", "--every", "20s"]
    with (
        running(web, folder / "web.log", env=environment, cwd=folder),
        running(flows, folder / "flows.log", env=environment, cwd=folder),
    ):
        wait_until(lambda: accepts(port), "the sample news web")
        wait_until(lambda: len(completed_polls(prefect_server)) >= 2, "two scheduled polls", 400)
        yield ServedDeployments(prefect_server, completed_polls(prefect_server), folder / "data")


def completed_polls(server: PrefectServer) -> list[dict[str, Any]]:
    """Runs of the poll flow that the schedule started and that are done."""
    query = {"flows": {"name": {"any_": ["poll-feeds"]}}, "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    return [run for run in server.ask("/flow_runs/filter", query) if run["auto_scheduled"]]


def latest_artifact(server: PrefectServer, key: str) -> dict[str, Any]:
    """The newest artifact under a key."""
    return dict(server.ask(f"/artifacts/{key}/latest"))


def test_the_schedule_fires_by_itself_and_runs_complete(served: ServedDeployments) -> None:
    """Twice, without anybody asking; the names tell what each run is."""
    assert len(served.runs) >= 2
    assert all(re.fullmatch(r"poll-\d{8}T\d{4}-due", run["name"]) for run in served.runs)
    assert all({"geowire", "ingest"} <= set(run["tags"]) for run in served.runs)
    failed = served.server.ask("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["FAILED", "CRASHED"]}}}})
    assert not failed


def test_a_poll_leaves_its_artifacts(served: ServedDeployments) -> None:
    """A report of outcomes and a table of feeds."""
    report = latest_artifact(served.server, "poll-report")
    table = latest_artifact(served.server, "poll-feeds")

    assert report["type"] == "markdown"
    assert "entries of" in report["data"]
    assert table["type"] == "table"


def test_shards_are_the_only_tasks(served: ServedDeployments) -> None:
    """Eleven feeds make one task run, not eleven."""
    first = min(served.runs, key=lambda run: run["start_time"])
    query = {"task_runs": {"flow_run_id": {"any_": [first["id"]]}}}
    wait_until(lambda: bool(served.server.ask("/task_runs/filter", query)), "the task run to be recorded", 20)

    tasks = served.server.ask("/task_runs/filter", query)

    assert [task["name"] for task in tasks] == ["shard-001-of-001"]


def test_stage_health_runs_too(served: ServedDeployments) -> None:
    """How far behind each stage is, how the feeds fare, what the last day brought."""
    day = artifact_with(served.server, "last-day", BUSIEST)

    assert "relate" in str(latest_artifact(served.server, "stage-lag")["data"])
    assert "feeds" in latest_artifact(served.server, "feed-health")["data"]
    assert "new articles today" in day["data"]


def artifact_with(server: PrefectServer, key: str, words: str) -> dict[str, Any]:
    """An artifact under a key that says these words, once there is one."""

    def found() -> list[dict[str, Any]]:
        artifacts = server.ask("/artifacts/filter", {"artifacts": {"key": {"any_": [key]}}})
        return [artifact for artifact in artifacts if words in artifact["data"]]

    wait_until(lambda: bool(found()), f"{key} that says {words}", 200)
    return found()[0]


@pytest.mark.browser
def test_a_person_sees_runs_and_reports_in_the_ui(served: ServedDeployments) -> None:
    """Deployment, run, reports and automations open in a browser, which can reach nobody but this machine."""
    report = first_artifact(served, "poll-report")
    run = next(run for run in served.runs if run["id"] == report["flow_run_id"])
    day = artifact_with(served.server, "last-day", BUSIEST)
    pages = {
        "deployment": (f"/deployments/deployment/{run['deployment_id']}", "every-5-minutes"),
        "run": (f"/runs/flow-run/{run['id']}", "shard-001-of-001"),
        "report": (f"/artifacts/artifact/{report['id']}", "Feeds by health"),
        "feeds": (f"/artifacts/artifact/{first_artifact(served, 'poll-feeds')['id']}", "changed"),
        "last-day": (f"/artifacts/artifact/{day['id']}", BUSIEST),
        "automations": ("/automations", "geowire: a feed has gone silent"),
    }
    SCREENSHOTS.mkdir(exist_ok=True, parents=True)
    with chromium() as browser:
        for name, (path, words) in pages.items():
            browser.get(served.server.ui + path)
            wait_until(lambda words=words: words in page_text(browser), f"{words} on {path}", 60)  # type: ignore[misc]
            browser.save_screenshot(str(SCREENSHOTS / f"prefect-{name}.png"))
            assert words in page_text(browser)


def first_artifact(served: ServedDeployments, key: str) -> dict[str, Any]:
    """The artifact of the poll that found everything."""
    found = served.server.ask("/artifacts/filter", {"artifacts": {"key": {"any_": [key]}}})
    return dict(min(found, key=lambda artifact: artifact["created"]))


def page_text(browser: webdriver.Chrome) -> str:
    """What a person reads on the page."""
    return browser.find_element(By.TAG_NAME, "body").text


@contextlib.contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """A headless browser; skipped on a laptop without one."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no Chromium: install chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(binary)
    for option in CHROMIUM_OPTIONS:
        options.add_argument(option)
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield browser
    finally:
        browser.quit()
