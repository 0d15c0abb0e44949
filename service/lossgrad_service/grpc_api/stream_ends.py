"""The two ends of a stream: what its caller sends, and what it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from lossgrad.codecs.cutting import MESSAGE_BYTES
from lossgrad_service.admission import Visit
from lossgrad_service.calls import Deadline, Dispatcher
from lossgrad_service.grpc_api.batches import write
from lossgrad_service.grpc_api.contexts import Context
from lossgrad_service.grpc_api.patience import Patience


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

    async def send(self, reply: bytes) -> None:
        """Send a reply, which takes until the caller's side has room for it.

        Raises
        ------
        Busy, DeadlineExceeded
            As `Visit.wait_for_caller` does, and where there is no room soon.
        """

        async def taken() -> None:
            await self._patience.until_taken(write(self._context, reply))

        await self._visit.wait_for_caller(taken, len(reply), self._deadline)
