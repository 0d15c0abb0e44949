"""Processes that make the same call at the same time, each with a client of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from lossgrad import LossGradError
from lossgrad.allocator import tune_unless_told
from lossgrad_service.benchmarks.timing import calls_for
from lossgrad_service.benchmarks.ways import WAYS
from lossgrad_service.benchmarks.workloads import Workload
from lossgrad_service.child.piped import Piped, running_piped

READY, GO = "ready", "go"


@dataclass(frozen=True, slots=True)
class Task:
    """A call to be made again and again."""

    way: str
    target: str
    workload: Workload
    seconds: float
    """How long."""


def serve_pipe(pipe: Connection) -> None:
    """Do every task that comes through `pipe` until it ends, as it does with its parent."""
    tune_unless_told()
    with suppress(EOFError, ConnectionError):
        while True:
            pipe.send(_do(pipe.recv(), pipe))


def _do(task: Task, pipe: Connection) -> float | LossGradError:
    """Return the calls per second, counted from when everybody was ready."""
    try:
        with WAYS[task.way].open(task.target, task.workload) as call:
            call()
            pipe.send(READY)
            pipe.recv()
            times = calls_for(task.seconds, call)
    except LossGradError as error:
        return error
    return len(times) / sum(times)


class Callers:
    """Callers that wait for a task."""

    def __init__(self, callers: Sequence[Piped]) -> None:
        self._callers = callers

    def rate(self, task: Task, count: int) -> float:
        """Return how many calls per second so many of them make together.

        Raises
        ------
        LossGradError
            What the service answered to one of them.
        ProcessDied
            One of them went away.
        """
        busy = self._callers[:count]
        for say in (task, GO):
            for caller in busy:
                caller.send(say)
            answers = [_unless_refused(caller.receive()) for caller in busy]
        return sum(answers)


def _unless_refused(answer: Any) -> Any:
    if isinstance(answer, LossGradError):
        raise answer
    return answer


@contextmanager
def running_callers(count: int) -> Iterator[Callers]:
    """Start callers, and stop them at the end."""
    names = (f"caller {number}" for number in range(1, count + 1))
    with running_piped(names, serve_pipe) as callers:
        yield Callers(callers)
