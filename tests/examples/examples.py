"""Examples as a newcomer runs them: each a process, which says what it found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.running import PATIENCE_SECONDS

FOLDER = Path(__file__).parents[2] / "docs/examples"

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
"""Threads of BLAS and PyTorch that wait for each other take long where others want the cores."""


def run(name: str, *options: str) -> str:
    """Return what an example says; its own checks, and warnings, make it fail."""
    command = [sys.executable, "-W", "error", str(FOLDER / f"{name}.py"), *options]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        env=ENVIRONMENT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
