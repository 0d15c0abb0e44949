"""One of the workers, started again whenever it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from lossgrad_service.metrics import Place
from lossgrad_service.workers.backoff import Backoff
from lossgrad_service.workers.hanging import until_silent
from lossgrad_service.workers.process import Ending, WorkerProcess

_log = logging.getLogger(__name__)

PATIENCE = 10
"""How often in a row a worker may end before it was ready, until no other is started."""

START_SECONDS = 600.0
"""What a worker gets to be ready; to compile all takes a minute, or several beside others."""


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
    stop_seconds
        What a worker that was told to stop gets until it is killed.
    patience
        How often in a row a worker may end before one was ready; `PATIENCE` from then on.
    """

    def __init__(
        self,
        place: Place,
        start: Callable[[], Awaitable[WorkerProcess]],
        backoff: Backoff,
        stop_seconds: float,
        patience: int = PATIENCE,
    ) -> None:
        self.was_ready = asyncio.Event()
        self.name = f"worker {place.number + 1}"
        self._place = place
        self._start = start
        self._backoff = backoff
        self._stop_seconds = stop_seconds
        self._patience = patience
        self._stopping = asyncio.Event()
        self._failures = 0
        self._worker: WorkerProcess | None = None

    async def run(self) -> None:
        """Have a worker run; return once `stop` or `retire` was called and it has ended.

        Raises
        ------
        WorkerFailed
            Where too many workers in a row ended before they were ready.
        """
        while not self._stopping.is_set():
            ending = await self._run_one()
            self._place.leave()
            if not self._stopping.is_set():
                self._place.count_restart(ending.cause)
                await self._pause(ending.words)

    def stop(self) -> None:
        """Let the worker end in order, and start no other."""
        self._stopping.set()
        if self._worker is not None:
            self._worker.stop()

    def retire(self) -> None:
        """As `stop`, where another keeper's worker takes calls in this one's place."""
        self._place.count_restart("reload")
        self._stopping.set()
        if self._worker is not None:
            self._worker.retire()

    def kill(self) -> None:
        """End the worker's process at once."""
        if self._worker is not None:
            self._worker.kill()

    async def _run_one(self) -> Ending:
        """Start a worker and return how it ended."""
        try:
            self._worker = worker = await self._start()
        except OSError as error:
            self._failures += 1
            return Ending("unready", f"no process: {error}")
        guards = (self._end_unready, self._end_hung, self._end_late)
        on_guard = [asyncio.create_task(guard(worker)) for guard in guards]
        ending = await self._follow(worker)
        for task in on_guard:
            task.cancel()
        return ending

    async def _follow(self, worker: WorkerProcess) -> Ending:
        if self._stopping.is_set():
            worker.stop()
        if await worker.becomes_ready():
            _log.info("%s is ready as process %d", self.name, worker.pid)
            self._forget_failures()
            self.was_ready.set()
        else:
            self._failures += 1
        return await worker.end()

    async def _end_unready(self, worker: WorkerProcess) -> None:
        await asyncio.sleep(START_SECONDS)
        if not worker.was_ready:
            worker.kill_as_hung()

    async def _end_hung(self, worker: WorkerProcess) -> None:
        await until_silent(self._place)
        worker.kill_as_hung()

    async def _end_late(self, worker: WorkerProcess) -> None:
        await self._stopping.wait()
        await asyncio.sleep(self._stop_seconds)
        _log.error("%s did not stop within %g s and is killed", self.name, self._stop_seconds)
        worker.kill()

    def _forget_failures(self) -> None:
        self._failures = 0
        self._patience = PATIENCE
        self._backoff.reset()

    async def _pause(self, how: str) -> None:
        if self._failures == self._patience:
            raise WorkerFailed(self._last_words(how))
        pause = self._backoff.next_pause()
        _log.warning("%s ended with %s; another starts in %g s", self.name, how, pause)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause)

    def _last_words(self, how: str) -> str:
        if self._failures == 1:
            return f"{self.name} ended before it was ready, with {how}"
        return (
            f"{self.name} ended {self._failures} times in a row before it was ready, "
            f"the last time with {how}"
        )
