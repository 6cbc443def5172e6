"""The files for Prometheus and Grafana: Prometheus's own tool accepts them, and every alert has its runbook line."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import unavailable

ROOT = Path(__file__).parents[1]
OPS = ROOT / "ops"
RULES = yaml.safe_load((OPS / "alerts.yml").read_text("utf-8"))["groups"]
ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for group in RULES for rule in group["rules"]}


def promtool(*arguments: str, folder: Path = OPS) -> subprocess.CompletedProcess[str]:
    """Prometheus's tool."""
    if shutil.which("promtool") is None:
        unavailable("no promtool: install Debian's package prometheus")
    return subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "arguments",
    [("check", "rules", "alerts.yml"), ("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")],
)
def test_prometheus_accepts_them(arguments: tuple[str, ...]) -> None:
    """Rules and scrape config are valid; each alert fires for its fault and not while all is well."""
    done = promtool(*arguments)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_rule_that_does_not_fire_is_found(tmp_path: Path) -> None:
    """The rules' tests can fail."""
    shutil.copytree(OPS, tmp_path / "ops")
    rules = (OPS / "alerts.yml").read_text("utf-8")
    (tmp_path / "ops" / "alerts.yml").write_text(rules.replace("geowire_data_disk_free_ratio < 0.05", "vector(0) > 1"))

    done = promtool("test", "rules", "alerts_test.yml", folder=tmp_path / "ops")

    assert done.returncode != 0
    assert "GeowireDiskNearlyFull" in done.stdout + done.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_is_tested_and_has_a_runbook_line(name: str) -> None:
    """It fires in one of promtool's tests and stays silent in another; docs/metrics.md says what to do."""
    cases = yaml.safe_load((OPS / "alerts_test.yml").read_text("utf-8"))["tests"]
    told = [bool(t.get("exp_alerts")) for case in cases for t in case["alert_rule_test"] if t["alertname"] == name]
    runbook = (ROOT / "docs" / "metrics.md").read_text("utf-8")

    assert set(told) == {True, False}
    assert re.search(rf"^\| `{name}` \| .+ \| .*`.+`.* \|$", runbook, re.MULTILINE)
    assert ALERTS[name]["labels"]["severity"] in {"warning", "critical"}


def test_the_dashboard_has_panels_that_ask_and_do_not_overlap() -> None:
    """Every panel has a title, a place of its own and at least one question; ids are unique."""
    panels = json.loads((OPS / "dashboard.json").read_text("utf-8"))["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels) > 10
    assert all(panel["title"] and panel["targets"] for panel in panels)
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
