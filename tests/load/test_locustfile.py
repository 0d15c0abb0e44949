"""The load of `load/locustfile.py` for two seconds, in a process of its own: gevent patches it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.running import running_server

LOCUST = (
    sys.executable, "-m", "locust", "-f", "load/locustfile.py", "--headless", "--skip-log",
    "--users", "2", "--spawn-rate", "2", "--run-time", "2s", "--stop-timeout", "30",
)  # fmt: skip

ROOT = Path(__file__).parent.parent.parent


def test_both_users_call_and_nothing_fails() -> None:
    with running_server() as running:
        done = subprocess.run(
            [*LOCUST, "--json", "--host", running.http],
            env={**os.environ, "LOSSGRAD_GRPC_TARGET": running.grpc},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    users = {entry["method"]: entry for entry in json.loads(done.stdout)}
    assert users.keys() == {"gRPC", "POST"}
    for entry in users.values():
        assert entry["num_requests"] > 0
        assert entry["num_failures"] == 0
