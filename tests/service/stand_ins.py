"""Processes that stand in for workers: they say what a worker says, and serve nobody."""

from __future__ import annotations

import sys
from typing import get_args

from lossgrad_service.metrics import Place
from lossgrad_service.metrics.catalogue import Restart
from lossgrad_service.workers.backoff import Backoff
from lossgrad_service.workers.keeper import PATIENCE, Keeper
from lossgrad_service.workers.process import WorkerProcess
from tests.metrics.reading import value_of
from tests.running import PATIENCE_SECONDS

FAILS = "import sys; sys.stdin.readline(); sys.exit(3)"
SAYS = "import socket; line = socket.socket(fileno=0); line.recv(99); line.send(b'{}\\n')"
BECOMES_READY = SAYS.format("ready")
SAYS_WHY = SAYS.format("no room") + "; raise SystemExit(4)"
LASTS = BECOMES_READY + "; line.recv(1)"
HANGS = LASTS + "; import time; time.sleep(60)"
NEVER_READY = """
import socket
line = socket.socket(fileno=0)
line.recv(99)
print("starts", flush=True)
line.recv(1)
"""


def keeper_of(*programs, place=None, stop_seconds=PATIENCE_SECONDS, patience=PATIENCE):
    """Return a keeper of Python programs, each run once, without pauses."""
    left, backoff = iter(programs), Backoff(0.0, 0.0)

    def start():
        return WorkerProcess.start("settings", [sys.executable, "-ISc", next(left)])

    return Keeper(place or Place.alone(), start, backoff, stop_seconds, patience)


def restarts_of(place):
    """Return how often a process ended or was replaced, by each cause that there was."""
    name = "lossgrad_worker_restarts_total"
    counts = {
        cause: value_of(place.slab, name, worker="1", cause=cause) for cause in get_args(Restart)
    }
    return {cause: count for cause, count in counts.items() if count}
