"""Processes that make the same call at the same time, each with a client of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from lossgrad import LossGradError
from lossgrad.allocator import tune_unless_told
from lossgrad_service.benchmarks.timing import calls_for
from lossgrad_service.benchmarks.ways import WAYS
from lossgrad_service.benchmarks.workloads import Workload
from lossgrad_service.demo.interrupts import interrupts_held_back

# A fork would copy the parent's threads' locks in whatever state they are.
_SPAWN = multiprocessing.get_context("spawn")

READY, GO = "ready", "go"

STOP_SECONDS = 5.0
"""What a caller gets to finish its last call before it is terminated."""


@dataclass(frozen=True, slots=True)
class Task:
    """A call to be made again and again."""

    way: str
    target: str
    workload: Workload
    seconds: float
    """How long."""


class CallerDied(ChildProcessError):
    """A calling process went away without an answer."""


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


class _Caller:
    """One process and this end of its pipe."""

    def __init__(self) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=serve_pipe, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()  # or the pipe would not end with the process

    def send(self, said: object) -> None:
        with _death_told():
            self._pipe.send(said)

    def receive(self) -> Any:
        with _death_told():
            answer = self._pipe.recv()
        if isinstance(answer, LossGradError):
            raise answer
        return answer

    def stop(self) -> None:
        self._pipe.close()
        self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()


@contextmanager
def _death_told() -> Iterator[None]:
    try:
        yield
    except (EOFError, ConnectionError) as error:
        raise CallerDied("a calling process died; it has said above why") from error


class Callers:
    """Callers that wait for a task."""

    def __init__(self, callers: Sequence[_Caller]) -> None:
        self._callers = callers

    def rate(self, task: Task, count: int) -> float:
        """Return how many calls per second so many of them make together.

        Raises
        ------
        LossGradError
            What the service answered to one of them.
        CallerDied
            One of them went away.
        """
        busy = self._callers[:count]
        for say in (task, GO):
            for caller in busy:
                caller.send(say)
            answers = [caller.receive() for caller in busy]
        return sum(answers)


@contextmanager
def running_callers(count: int) -> Iterator[Callers]:
    """Start callers, and stop them at the end."""
    with ExitStack() as stack:
        callers: list[_Caller] = []
        with interrupts_held_back():
            for _ in range(count):
                callers.append(_Caller())
                stack.callback(callers[-1].stop)
        yield Callers(callers)
