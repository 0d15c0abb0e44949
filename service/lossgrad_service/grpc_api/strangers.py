"""Questions that anybody may ask: who needs no key is not trusted with room."""

from __future__ import annotations

import asyncio
from typing import Final

from lossgrad_service.admission import Gate
from lossgrad_service.calls import Call, Dispatcher
from lossgrad_service.grpc_api.batches import read
from lossgrad_service.grpc_api.contexts import Context

AT_ONCE_SECONDS: Final = 0.02
"""What a question takes that comes with its call, as all do that are short."""


class Strangers:
    """Receives questions that are short and come at once.

    What does not is refused where there is no room for the largest message.

    Parameters
    ----------
    gate
        Has the room for questions.
    dispatcher
        Knows the limit on messages.
    """

    def __init__(self, gate: Gate, dispatcher: Dispatcher) -> None:
        self._gate = gate
        self._most_bytes = dispatcher.service.limits.max_request_bytes

    async def message(self, context: Context, call: Call) -> bytes:
        """Return the message of a call, which holds room for any other once it is late."""
        reading = asyncio.ensure_future(read(context))
        visit = self._gate.enter_without_key()
        try:
            await asyncio.wait((reading,), timeout=AT_ONCE_SECONDS)
            if reading.done():
                return reading.result()
            return await visit.receive(lambda: reading, None, self._most_bytes, call.deadline)
        finally:
            reading.cancel()
            visit.leave()
