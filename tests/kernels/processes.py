"""Code in a process of its own, where nothing else has run."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

from tests.running import PATIENCE_SECONDS


def in_fresh_process(code: str) -> str:
    """Run code where no server of this test run holds BLAS, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
