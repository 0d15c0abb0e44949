"""What is asked of our dependencies, and what bandit finds in our code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.abuse.audit import findings_in, needed

ROOT = Path(__file__).parents[2]
PACKAGES = ["a==1", "b==2"]


def test_all_that_the_service_needs_is_asked_about() -> None:
    names = {package.partition("==")[0].lower() for package in needed()}
    assert {"grpcio", "uvicorn", "h11", "starlette", "numpy", "orjson", "llvmlite"} <= names
    assert not {"lossgrad", "schemathesis", "bandit"} & names


@pytest.mark.parametrize(
    ("told", "exit_code"),
    [
        ([{"name": name, "version": "1", "vulns": []} for name in "ab"], 0),
        ([{"name": "a", "version": "1", "vulns": [{"id": "CVE-1"}]}], 1),
        ([{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "no"}], 3),
        ([], 3),
    ],
)
def test_what_was_not_audited_is_never_called_safe(told: list, exit_code: int) -> None:
    assert findings_in(told, PACKAGES).exit_code == exit_code


def test_bandit_finds_nothing() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "bandit", "--quiet", "--recursive", "--configfile",
         "pyproject.toml", "service", "clients"],
        cwd=ROOT, capture_output=True, check=False, text=True, timeout=120,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout
