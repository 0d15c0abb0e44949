"""One of the workers, started again whenever it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from lossgrad_service.metrics import Place
from lossgrad_service.workers.backoff import Backoff
from lossgrad_service.workers.process import WorkerProcess

_log = logging.getLogger(__name__)

PATIENCE = 10
"""How often in a row a worker may end before it was ready, until no other is started."""


class WorkerFailed(ChildProcessError):
    """A worker ended before it was ready, again and again; the message says how."""


class Keeper:
    """Keeps a worker running until it is told to stop.

    Parameters
    ----------
    place
        Whose processes they are, one after the other.
    start
        Starts a process.
    backoff
        Of the pauses between them.
    """

    def __init__(
        self, place: Place, start: Callable[[], Awaitable[WorkerProcess]], backoff: Backoff
    ) -> None:
        self.was_ready = asyncio.Event()
        self._place = place
        self._name = f"worker {place.number + 1}"
        self._start = start
        self._backoff = backoff
        self._stopping = asyncio.Event()
        self._failures = 0
        self._worker: WorkerProcess | None = None

    async def run(self) -> None:
        """Have a worker run; return once `stop` was called and it has ended.

        Raises
        ------
        WorkerFailed
            Where `PATIENCE` workers in a row ended before they were ready.
        """
        while not self._stopping.is_set():
            how = await self._run_one()
            self._place.leave()
            if not self._stopping.is_set():
                await self._pause(how)

    def stop(self) -> None:
        """Let the worker end in order, and start no other."""
        self._stopping.set()
        if self._worker is not None:
            self._worker.stop()

    def kill(self) -> None:
        """End the worker's process at once."""
        if self._worker is not None:
            self._worker.kill()

    async def _run_one(self) -> str:
        """Start a worker and return how it ended."""
        try:
            self._worker = await self._start()
        except OSError as error:
            self._failures += 1
            return f"no process: {error}"
        return await self._follow(self._worker)

    async def _follow(self, worker: WorkerProcess) -> str:
        if self._stopping.is_set():
            worker.stop()
        if await worker.becomes_ready():
            _log.info("%s is ready as process %d", self._name, worker.pid)
            self._forget_failures()
            self.was_ready.set()
        else:
            self._failures += 1
        return await worker.end()

    def _forget_failures(self) -> None:
        self._failures = 0
        self._backoff.reset()

    async def _pause(self, how: str) -> None:
        if self._failures == PATIENCE:
            raise WorkerFailed(
                f"{self._name} ended {PATIENCE} times in a row before it was ready, "
                f"the last time with {how}"
            )
        pause = self._backoff.next_pause()
        _log.warning("%s ended with %s; another starts in %g s", self._name, how, pause)
        self._place.count_restart()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause)
