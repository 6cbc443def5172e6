"""What an audit means. An auditor that reaches no advisories finds nothing wrong with anything; a canary shows that."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

CANARY = "jinja2==2.10"
"""A version with advisories since 2019 (CVE-2019-10906): an audit that does not report it has asked nobody."""

Kind = Literal["clean", "vulnerable", "not-asked"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known after an audit, and the lines that say it."""

    kind: Kind
    lines: tuple[str, ...]

    @property
    def status(self) -> int:
        """The exit status: only a known vulnerability holds up anybody."""
        return 1 if self.kind == "vulnerable" else 0


@dataclass(frozen=True, slots=True)
class Report:
    """What the auditor says of each package."""

    clean: tuple[str, ...]
    vulnerable: tuple[str, ...]
    """One line for each vulnerability."""
    skipped: tuple[str, ...]


def read_report(text: str) -> Report | None:
    """pip-audit's JSON; None if it wrote none, as when it could not connect."""
    try:
        packages = json.loads(text)["dependencies"]
        vulnerable = [line for package in packages for line in _vulnerabilities(package)]
        skipped = [str(package["name"]) for package in packages if "skip_reason" in package]
        clean = [str(package["name"]) for package in packages if package.get("vulns") == []]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return Report(tuple(clean), tuple(vulnerable), tuple(skipped))


def decide(lock: Report | None, canary: Report | None) -> Verdict:
    """A vulnerability counts in any case; nothing else counts unless the canary was reported."""
    if lock and lock.vulnerable:
        return Verdict("vulnerable", (f"{len(lock.vulnerable)} known vulnerabilities:", *lock.vulnerable))
    if not (canary and canary.vulnerable):
        return Verdict("not-asked", ("the advisories could not be asked: nothing was audited",))
    if lock is None or not lock.clean:
        return Verdict("not-asked", ("the advisories answer, but not for the lock: nothing was audited",))
    asked = f"{len(lock.clean)} packages, no known vulnerability"
    missed = (f"could not be asked: {', '.join(lock.skipped)}",) if lock.skipped else ()
    return Verdict("clean", (asked, *missed))


def _vulnerabilities(package: dict[str, Any]) -> list[str]:
    return [
        f"{package['name']} {package['version']}: {found['id']}"
        + (f", fixed in {', '.join(found['fix_versions'])}" if found.get("fix_versions") else ", no fix yet")
        for found in package.get("vulns", [])
    ]
