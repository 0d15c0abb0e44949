"""Workers that never get ready: the service gives up after a while, and says why."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from lossgrad_service.workers.backoff import Backoff
from lossgrad_service.workers.keeper import PATIENCE
from lossgrad_service.workers.supervisor import LONGEST_PAUSE, SHORTEST_PAUSE
from tests.running import PATIENCE_SECONDS
from tests.service.processes import FLAGS, PROGRAM, environment
from tests.telling import Tell

COMMAND = [sys.executable, *PROGRAM, "serve", *FLAGS, "--workers", "2"]


def serve_without_grpc(folder: Path) -> subprocess.CompletedProcess[str]:
    """Serve where grpcio does not work: workers import it, their supervisor does not."""
    (folder / "grpc.py").write_text("raise SystemExit(7)")
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        COMMAND,
        env=environment({"PYTHONPATH": path}),
        capture_output=True,
        check=False,
        text=True,
        timeout=3 * PATIENCE_SECONDS,
    )


def test_workers_that_die_at_start(tmp_path: Path, tell: Tell) -> None:
    began = time.monotonic()
    done = serve_without_grpc(tmp_path)
    seconds = time.monotonic() - began
    told = done.stderr.splitlines()[-1]
    tell(f"exit code {done.returncode} after {seconds:.0f} s: {told}")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"ended {PATIENCE} times in a row before it was ready" in told
    assert told.endswith("exit code 7")
    backoff = Backoff(SHORTEST_PAUSE, LONGEST_PAUSE)
    assert seconds >= sum(backoff.next_pause() for _ in range(PATIENCE - 1))
