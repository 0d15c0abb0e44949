"""A caller that does nothing wrong, in a process of its own so that no attack slows it itself.

``python -m tests.abuse.healthy TARGET…`` answers each line on its standard input by a
JSON object: the milliseconds of each call that it made to each target. It ends with its
standard input.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median, quantiles

import lossgrad
from tests.running import PATIENCE_SECONDS, read_line

CALLS = 400
"""Of one measurement to one target."""

CONNECTIONS = 4
"""To each target, so that both workers are called."""

BATCH = {"scores": [[0.5, -1.0, 2.0, 0.25]] * 32, "labels": [1] * 32}


@dataclass(frozen=True)
class Latency:
    """Milliseconds of calls that were measured several times."""

    p50: float
    p99: float

    @classmethod
    def of(cls, runs: list[list[float]]) -> Latency:
        """Return the medians over the runs: one hiccup of the machine is not the service's."""
        return cls(
            median(map(median, runs)),
            median(map(p99, runs)),
        )

    def __str__(self) -> str:
        return f"p50 {self.p50:.2f} ms, p99 {self.p99:.2f} ms"


def p99(run: list[float]) -> float:
    """Return what one call of a hundred exceeds."""
    return quantiles(run, n=100)[98]


class HealthyCaller:
    """The process as its parent has it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def measure(self) -> dict[str, list[float]]:
        """Make calls to each target; return the milliseconds of each."""
        assert self._process.stdin is not None
        print(file=self._process.stdin, flush=True)
        return json.loads(read_line(self._process))


@contextmanager
def healthy_caller(targets: list[str]) -> Iterator[HealthyCaller]:
    """Run a healthy caller of these targets until the block is left."""
    command = [sys.executable, "-m", "tests.abuse.healthy", *targets]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        caller = HealthyCaller(process)
        caller.measure()
        yield caller


def _timed(client: lossgrad.Client) -> float:
    began = time.perf_counter()
    client.compute(**BATCH)
    return 1e3 * (time.perf_counter() - began)


def main(targets: list[str]) -> None:
    """Serve measurements until standard input ends."""
    with ExitStack() as stack:
        clients = {
            target: [
                stack.enter_context(lossgrad.Client(target, timeout=PATIENCE_SECONDS))
                for _ in range(CONNECTIONS)
            ]
            for target in targets
        }
        for _ in sys.stdin:
            told = {
                target: [_timed(ours[i % CONNECTIONS]) for i in range(CALLS)]
                for target, ours in clients.items()
            }
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
