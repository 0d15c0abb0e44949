"""The two ends of a stream: what its caller sends, and what it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, NamedTuple

from lossgrad.codecs.cutting import MESSAGE_BYTES
from lossgrad_service.admission import Visit
from lossgrad_service.calls import Deadline, Dispatcher
from lossgrad_service.grpc_api.batches import begin_head, begin_write
from lossgrad_service.grpc_api.contexts import Context
from lossgrad_service.grpc_api.patience import Patience

USUAL_BYTES: Final = 2**22
"""Of a reply at most, unless it is of one row: `MESSAGE_BYTES`, and what is beside its data."""


class _Reply(NamedTuple):
    """A reply that was sent, of which nothing but its size is kept."""

    size: int
    write: asyncio.Future[None]


class StreamEnds:
    """Waits for the caller of a stream, which is in at the gate.

    Parameters
    ----------
    dispatcher
        Knows the limits on messages, and how long a caller is waited for.
    context
        Has the stream.
    deadline
        Of the stream, which ends every wait.
    visit
        Holds the room for its messages.
    """

    def __init__(
        self, dispatcher: Dispatcher, context: Context, deadline: Deadline, visit: Visit
    ) -> None:
        self._context = context
        self._deadline = deadline
        self._visit = visit
        self._patience = Patience(dispatcher.idle_seconds)
        self._most_bytes = dispatcher.service.limits.max_request_bytes
        self._last: _Reply | None = None
        """What was sent last, until it is known to have been taken."""

    async def receive(self, read: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return what `read` reads, once there is room for the largest message, or `END`.

        Raises
        ------
        Busy, DeadlineExceeded
            As `Visit.receive` does; `DeadlineExceeded` as well where it does not come soon.
        """

        async def sent() -> bytes:
            return await self._patience.until_sent(read())

        return await self._visit.receive(sent, None, self._most_bytes, self._deadline)

    async def arrived(self, reading: asyncio.Future[bytes]) -> bytes:
        """Return a message that is being read, for which the call holds room, or `END`.

        Raises
        ------
        Busy, DeadlineExceeded
            As `Visit.wait_for_caller` does, and where it does not come soon.
        """
        if reading.done():
            return reading.result()
        coming = partial(self._patience.until_sent, reading)
        return await self._visit.wait_for_caller(coming, MESSAGE_BYTES, self._deadline)

    def send_head(self) -> None:
        """Send the head of the answer; what is refused before can be tried again by gRPC itself.

        It would go with the first reply otherwise, and gRPC has no way to tell an error while
        that is on its way, nor does it then say when the call is over.
        """
        self._last = _Reply(0, begin_head(self._context))

    async def send(self, reply: bytes) -> None:
        """Send a reply, which takes until the caller's side has room for it.

        Raises
        ------
        Busy, DeadlineExceeded
            As `taken` does.
        """
        await self.send_meanwhile(reply)
        await self.taken()

    async def send_meanwhile(self, reply: bytes) -> None:
        """Send a reply once the last one was taken, and return while it is on its way.

        There is room for one beside that which is computed meanwhile if it has `USUAL_BYTES` at
        most; a larger one has to be taken.

        Raises
        ------
        Busy, DeadlineExceeded
            As `taken` does.
        """
        await self.taken()
        self._last = _Reply(len(reply), begin_write(self._context, reply))
        if len(reply) > USUAL_BYTES:
            await self.taken()

    async def taken(self) -> None:
        """Return once the caller's side has had room for the last reply.

        The caller is waited for from now on, not since the reply was sent: as long as the
        call computes, it keeps nobody waiting, and ending it would free nothing.

        Raises
        ------
        Busy, DeadlineExceeded
            As `Visit.wait_for_caller` does, and where there is no room soon.
        """
        if self._last is None:
            return
        size, write = self._last
        try:
            if write.done():
                write.result()
            else:
                coming = partial(self._patience.until_taken, asyncio.shield(write))
                await self._visit.wait_for_caller(coming, size, self._deadline)
        finally:
            if write.done():
                self._last = None
            # Whose error has a traceback, which has this frame: a cycle.
            del write

    @property
    def on_its_way(self) -> int:
        """Bytes of a reply that the caller's side has no room for yet."""
        return 0 if self._last is None or self._last.write.done() else self._last.size
