"""What comes of a call before it is decoded: its time, its body, and room for both."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.requests import Request

from lossgrad.codecs.request_timeout import HEADER, decode_timeout
from lossgrad_service.admission import Visit
from lossgrad_service.calls import Call, Deadline, Dispatcher
from lossgrad_service.http_api import methods
from lossgrad_service.http_api.body import coding_of, declared_length, read_body
from lossgrad_service.http_api.call_scope import call_of
from lossgrad_service.http_api.coding import Coding
from lossgrad_service.http_api.disconnect import unless_gone
from lossgrad_service.http_api.document import SMALL_BYTES, Document
from lossgrad_service.http_api.inflate import most_contents

LARGE_BYTES: Final = 3 * 2**20
"""A longer body waits for a thread, whatever it holds."""


class Receiver:
    """Receives what callers send."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def call_of(self, request: Request) -> Call:
        """Return the call that a request makes, with the time that it has."""
        call, seconds = call_of(request), decode_timeout(request.headers.get(HEADER))
        call.deadline = Deadline(min(seconds, self._dispatcher.max_call_seconds))
        return call

    async def body_of(
        self, request: Request, visit: Visit, call: Call, taken: Mapping[str, Coding]
    ) -> bytearray:
        """Return the body of a request, for which there is room before it is read.

        Parameters
        ----------
        request
            The request.
        visit
            Holds the room.
        call
            The request's.
        taken
            How it may be compressed; see `coding_of`.
        """
        coding, limit = coding_of(request, taken), self._dispatcher.service.limits.max_request_bytes
        declared = declared_length(request, limit)
        if declared is not None and declared > LARGE_BYTES:
            self._dispatcher.require_turn(call)
        read = partial(read_body, request, limit)
        most = limit if declared is None else declared
        body = await visit.receive(read, declared, most, call.deadline)
        if coding is None:
            return body
        await visit.admit(most_contents(body, limit), call.deadline)
        unpack = partial(methods.unpack, body, coding, limit, call)
        unpacking = self._dispatcher.run_soon(call, unpack)
        contents = await unless_gone(request, unpacking, call.deadline)
        visit.resize(len(contents))
        return contents

    async def document_of(self, text: bytearray, call: Call) -> Document:
        """Return the document that a text is; see `Document.of`."""
        if len(text) <= SMALL_BYTES:
            return Document.of(text)
        return await self._dispatcher.run_soon(call, partial(Document.of, text))
