"""Worker processes, each with its own client, and the pipes to them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection

from lossgrad import Client
from lossgrad.errors import LossGradError
from lossgrad.types import Result
from lossgrad_service.child.piped import Piped, running_piped
from lossgrad_service.demo.sharding import Arguments
from lossgrad_service.demo.tally import Answer, Tally

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


class WorkerPool:
    """Worker processes that compute side by side."""

    def __init__(self, workers: Sequence[Piped]) -> None:
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
        ProcessDied
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
    ProcessDied
        A worker process did not come up.
    """
    names = (f"worker {number}" for number in range(1, count + 1))
    with running_piped(names, serve_pipe, target) as workers:
        for worker in workers:
            worker.receive()
        yield WorkerPool(workers)
