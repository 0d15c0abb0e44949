"""Known vulnerabilities of what the installed service needs.

``python -m tests.abuse.audit`` ends with 0 where there are none, with 1 where there are
some, and with 3 where the database did not answer for all packages: pip-audit itself
ends with 0 then, as if it had looked.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from packaging.requirements import Requirement

PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Findings:
    """What is known of some packages."""

    vulnerable: list[str]
    """Each a package, its version, and the names of what is known of it."""

    not_audited: list[str]
    n_packages: int

    def __str__(self) -> str:
        if self.vulnerable:
            return "known vulnerabilities: " + "; ".join(self.vulnerable)
        if self.not_audited:
            return (
                f"NOT AUDITED: the vulnerability database did not answer for "
                f"{len(self.not_audited)} of {self.n_packages} packages"
            )
        return f"no known vulnerabilities in {self.n_packages} packages"

    @property
    def exit_code(self) -> int:
        """Return 0, 1 or 3, as the module says."""
        return 1 if self.vulnerable else 3 if self.not_audited else 0


def needed(root: str = "lossgrad", extra: str = "service") -> list[str]:
    """Return ``name==version`` of all that a package with an extra needs, itself left out."""
    found: dict[str, str] = {}
    waiting = [(root, extra)]
    seen = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        installed = _installed(name)
        if installed is None:
            continue
        found[installed.name] = installed.version
        for requirement in map(Requirement, installed.requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": wanted}):
                waiting += [(requirement.name, each) for each in ("", *requirement.extras)]
    return [f"{name}=={version}" for name, version in sorted(found.items()) if name != root]


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def audit(packages: list[str]) -> Findings:
    """Ask for what is known of these packages."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off",
         "--no-deps", "--disable-pip", "--timeout", "10", "--requirement", "/dev/stdin"],
        input="\n".join(packages),
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    try:
        told = json.loads(asked.stdout)["dependencies"]
    except ValueError:
        return Findings([], packages, len(packages))
    return findings_in(told, packages)


def findings_in(told: list[dict[str, Any]], packages: list[str]) -> Findings:
    """Return what pip-audit's list of packages says."""
    answered = {each["name"].lower() for each in told if "vulns" in each}
    return Findings(
        [
            f"{each['name']} {each['version']}: {', '.join(vuln['id'] for vuln in each['vulns'])}"
            for each in told
            if each.get("vulns")
        ],
        [package for package in packages if package.partition("==")[0].lower() not in answered],
        len(packages),
    )


if __name__ == "__main__":
    findings = audit(needed())
    print(findings)
    sys.exit(findings.exit_code)
