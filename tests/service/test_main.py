"""The command's door: a base install is told what it lacks."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

from lossgrad_service import __main__ as door
from tests.running import PATIENCE_SECONDS

WITHOUT = """
import sys
sys.modules.update(dict.fromkeys({missing!r}))  # None there is a module that is not installed
from lossgrad_service.__main__ import main
main()
"""
EXTRA = (*door.NEEDED, "pydantic", "httptools", "ml_dtypes", "grpc_health", "grpc_reflection")


@pytest.mark.parametrize("missing", [["typer"], ["fastapi", "uvicorn"], list(EXTRA)])
def test_base_install_is_told_in_one_line(missing):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(missing=missing)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        'lossgrad\'s command line needs the service: pip install "lossgrad[service]"\n'
    )


def test_version_of_the_installed_command():
    done = subprocess.run(
        [sys.executable, "-m", "lossgrad_service", "--version"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    assert done.stdout == f"lossgrad {version('lossgrad')}\n"
