"""Code in a process of its own, where nothing else has run."""

from __future__ import annotations

import os
import subprocess
import sys
from textwrap import dedent

from tests.running import PATIENCE_SECONDS


def in_fresh_process(code: str, *, patience: float = PATIENCE_SECONDS, **variables: str) -> str:
    """Run code and return what it prints; `variables` are added to the environment."""
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)],
        capture_output=True,
        text=True,
        timeout=patience,
        check=False,
        env={**os.environ, **variables},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
