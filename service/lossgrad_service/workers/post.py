"""The post of one worker, which passes from one process to another without a gap."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from lossgrad_service.workers.keeper import PATIENCE, Keeper

_log = logging.getLogger(__name__)


class Post:
    """What one of the workers does, held by a keeper, and after a renewal by its successor.

    Parameters
    ----------
    hire
        Returns a keeper whose processes count at the first or second seat of their place, and
        which gives up after so many that did not get ready.
    """

    def __init__(self, hire: Callable[[int, int], Keeper]) -> None:
        self._hire = hire
        self._seat = 0
        self._keeper = hire(self._seat, PATIENCE)
        self._running: dict[Keeper, asyncio.Task[None]] = {}

    def begin(self, failed: Callable[[], None]) -> None:
        """Have the post held from now on; `failed` is called once that cannot be."""
        self._failed = failed
        self._run(self._keeper)
        self._heed(self._keeper)

    async def until_ready(self) -> None:
        """Return once a worker was ready."""
        await self._keeper.was_ready.wait()

    async def renew(self) -> bool:
        """Start another worker; once it is ready the post is its, and the one before drains.

        Returns
        -------
        bool
            Whether it got ready; if not, the one before goes on.
        """
        await self.until_ready()
        successor = self._hire(1 - self._seat, 1)
        if not await self._gets_ready(successor):
            return False
        self._heed(successor)
        predecessor, self._keeper, self._seat = self._keeper, successor, 1 - self._seat
        predecessor.retire()
        await asyncio.wait([self._running[predecessor]])
        del self._running[predecessor]
        return True

    def stop(self) -> None:
        """Let whoever runs end in order."""
        for keeper in self._running:
            keeper.stop()

    def kill(self) -> None:
        """End whoever runs at once."""
        for keeper in self._running:
            keeper.kill()

    async def end(self) -> None:
        """Return once nobody runs any more.

        Raises
        ------
        WorkerFailed
            Where the post could not be held.
        """
        await asyncio.wait(self._running.values())
        await self._running[self._keeper]

    def _run(self, keeper: Keeper) -> asyncio.Task[None]:
        self._running[keeper] = asyncio.create_task(keeper.run())
        return self._running[keeper]

    def _heed(self, keeper: Keeper) -> None:
        """Tell if this keeper, which holds the post, gives up."""
        running = self._running[keeper]
        running.add_done_callback(lambda _: self._failed() if _has_failed(running) else None)

    async def _gets_ready(self, successor: Keeper) -> bool:
        running = self._run(successor)
        ready = asyncio.create_task(successor.was_ready.wait())
        await asyncio.wait({ready, running}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if successor.was_ready.is_set():
            return True
        del self._running[successor]
        _log.error("%s; the one before goes on", running.exception())
        return False


def _has_failed(running: asyncio.Task[None]) -> bool:
    return not running.cancelled() and running.exception() is not None
