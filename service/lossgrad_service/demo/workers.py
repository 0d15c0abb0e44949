"""Worker processes, each with its own client, and the pipes to them."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from lossgrad import Client
from lossgrad.errors import LossGradError
from lossgrad.types import Result
from lossgrad_service.demo.interrupts import interrupts_held_back
from lossgrad_service.demo.sharding import Arguments
from lossgrad_service.demo.tally import Answer, Tally

# A fork would copy the parent's threads' locks in whatever state they are.
_SPAWN = multiprocessing.get_context("spawn")

STOP_SECONDS = 5.0
"""What a worker gets to finish its last call before it is terminated."""


class WorkerDied(ChildProcessError):
    """A worker process went away without an answer."""


READY = "ready"
"""What a worker says first."""


def serve_pipe(pipe: Connection, target: str) -> None:
    """Answer every problem that comes through `pipe` by a call of the service.

    Says READY first. Returns at the pipe's end, so no worker outlives its parent,
    however that ended.
    """
    with Client(target) as client, suppress(EOFError, ConnectionError):
        pipe.send(READY)
        while True:
            pipe.send(_answer(client, pipe.recv()))


def _answer(client: Client, problem: Arguments) -> Answer | LossGradError:
    begun = time.perf_counter()
    try:
        result = client.compute(**problem)
    except LossGradError as error:
        return error
    return Answer(result, time.perf_counter() - begun)


class _Worker:
    """One process and this end of its pipe."""

    def __init__(self, name: str, target: str) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(
            target=serve_pipe, args=(theirs, target), name=name, daemon=True
        )
        self._process.start()
        theirs.close()  # or the pipe would not end with the worker

    def send(self, problem: Arguments) -> None:
        with self._death_told():
            self._pipe.send(problem)

    def receive(self) -> Any:
        with self._death_told():
            return self._pipe.recv()

    @contextmanager
    def _death_told(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, ConnectionError) as error:
            raise WorkerDied(f"{self._process.name} died without an answer") from error

    def stop(self) -> None:
        self._pipe.close()
        self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()


class WorkerPool:
    """Worker processes that compute side by side."""

    def __init__(self, workers: Sequence[_Worker]) -> None:
        self._workers = workers
        self.tally = Tally()

    def __len__(self) -> int:
        return len(self._workers)

    def compute(self, problems: Sequence[Arguments]) -> list[Result]:
        """Return the answers to at most one problem for each worker, in the problems' order.

        Raises
        ------
        LossGradError
            What the service answered to a worker.
        WorkerDied
            A worker process went away.
        """
        busy = self._workers[: len(problems)]
        for worker, problem in zip(busy, problems, strict=True):
            worker.send(problem)
        replies = [worker.receive() for worker in busy]
        return [self._counted(reply) for reply in replies]

    def _counted(self, reply: Answer | LossGradError) -> Result:
        if isinstance(reply, LossGradError):
            raise reply
        self.tally.add(reply)
        return reply.result


@contextmanager
def worker_pool(count: int, target: str) -> Iterator[WorkerPool]:
    """Start `count` workers that call the service at `target`; stop them at the end.

    Raises
    ------
    WorkerDied
        A worker process did not come up.
    """
    with ExitStack() as stack:
        workers: list[_Worker] = []
        with interrupts_held_back():
            for number in range(1, count + 1):
                workers.append(_Worker(f"worker {number}", target))
                stack.callback(workers[-1].stop)
        for worker in workers:
            worker.receive()
        yield WorkerPool(workers)
