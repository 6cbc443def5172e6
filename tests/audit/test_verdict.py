"""The three ends of an audit: vulnerable, clean, and nobody could be asked, which is never taken for clean."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from audit.__main__ import main
from audit.verdict import CANARY, decide, read_report


def package(name: str, *advisories: str, version: str = "1.0") -> dict[str, Any]:
    """A package as pip-audit reports it, with its advisories."""
    return {"name": name, "version": version, "vulns": [{"id": one, "fix_versions": ["2.0"]} for one in advisories]}


def skipped(name: str) -> dict[str, Any]:
    """A package that pip-audit could not ask for; it says the same when it reaches no index at all."""
    return {"name": name, "skip_reason": f"Dependency not found on PyPI and could not be audited: {name} (1.0)"}


def written(*packages: dict[str, Any]) -> str:
    """The whole report."""
    return json.dumps({"dependencies": list(packages), "fixes": []})


REPORTED = written(package("jinja2", "PYSEC-2019-217", version="2.10"))
UNASKED = written(skipped("jinja2"))
CLEAN = written(package("aiohttp"), package("lxml"))


@pytest.mark.parametrize(
    ("lock", "canary", "kind", "status", "said"),
    [
        (CLEAN, REPORTED, "clean", 0, "2 packages, no known vulnerability"),
        (written(package("a"), package("b", "GHSA-1")), REPORTED, "vulnerable", 1, "b 1.0: GHSA-1, fixed in 2.0"),
        (written(package("b", "GHSA-1")), UNASKED, "vulnerable", 1, "b 1.0: GHSA-1"),
        (written(skipped("a"), skipped("b")), UNASKED, "not-asked", 0, "nothing was audited"),
        (CLEAN, UNASKED, "not-asked", 0, "nothing was audited"),
        (CLEAN, written(package("jinja2", version="2.10")), "not-asked", 0, "nothing was audited"),
        (CLEAN, "", "not-asked", 0, "nothing was audited"),
        (written(skipped("a")), REPORTED, "not-asked", 0, "nothing was audited"),
        (written(), REPORTED, "not-asked", 0, "nothing was audited"),
        ("", REPORTED, "not-asked", 0, "nothing was audited"),
        (written(package("a"), skipped("ours")), REPORTED, "clean", 0, "could not be asked: ours"),
    ],
)
def test_what_an_audit_means(lock: str, canary: str, kind: str, status: int, said: str) -> None:
    """It is clean only if the canary was reported and the lock was answered for; a vulnerability always counts."""
    verdict = decide(read_report(lock), read_report(canary))

    assert (verdict.kind, verdict.status) == (kind, status)
    assert said in "\n".join(verdict.lines)


@pytest.mark.parametrize("text", ["", "Traceback ...", "[]", "{}", '{"dependencies": [1]}', '{"dependencies": null}'])
def test_what_is_no_report_is_none(text: str) -> None:
    """An auditor that failed has said nothing."""
    assert read_report(text) is None


def test_an_advisory_without_a_fix_says_so() -> None:
    """There is nothing to update to."""
    found = read_report(written({"name": "a", "version": "1", "vulns": [{"id": "X", "fix_versions": []}]}))

    assert found is not None
    assert found.vulnerable == ("a 1: X, no fix yet",)


@pytest.mark.parametrize(("answers", "status", "said"), [("yes", 0, "1 packages"), ("no", 0, "nothing was audited")])
def test_the_auditor_is_asked_for_the_canary_and_the_lock(
    answers: str, status: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program in pip-audit's place sees both files."""
    (tmp_path / "bait.json").write_text(REPORTED if answers == "yes" else UNASKED)
    (tmp_path / "lock.json").write_text(written(package("a")))
    auditor = tmp_path / "pip-audit"
    auditor.write_text(
        f"#!{sys.executable}\nimport sys, pathlib\n"
        f"is_bait = {CANARY!r} in pathlib.Path(sys.argv[2]).read_text()\n"
        f"print(pathlib.Path({str(tmp_path)!r}, 'bait.json' if is_bait else 'lock.json').read_text())\n"
    )
    auditor.chmod(0o755)
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1.0\n")

    assert main([str(lock), "--with", str(auditor)]) == status
    assert said in capsys.readouterr().out


def test_an_auditor_that_is_not_there_is_no_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said that nothing was audited."""
    (tmp_path / "lock").touch()

    assert main([str(tmp_path / "lock"), "--with", str(tmp_path / "none")]) == 0
    assert "nothing was audited" in capsys.readouterr().out
