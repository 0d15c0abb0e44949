"""The replies of a stream on their way from the handler that gives them to the proxy."""

from __future__ import annotations

import asyncio


class Replies:
    """A queue of one, which whoever is to end it never waits for."""

    def __init__(self) -> None:
        self._queue = asyncio.Queue[bytes | None]()

    async def put(self, reply: bytes) -> None:
        """Hand over a reply once the one before was taken."""
        await self._queue.join()
        self._queue.put_nowait(reply)

    def end(self, _: object = None) -> None:
        """Have no reply follow."""
        self._queue.put_nowait(None)

    def drop(self) -> None:
        """Let go of replies, and of who waits to hand one over: none is taken any more."""
        while not self._queue.empty():
            self._queue.get_nowait()
            self._queue.task_done()

    async def take(self) -> bytes | None:
        """Return the next reply, None after the last one."""
        reply = await self._queue.get()
        self._queue.task_done()
        return reply
