"""HTTP/1.1 of one connection: uvicorn's, within limits.

What uvicorn leaves to a proxy in front of it is done here: nobody keeps a connection by
sending or reading slowly, sends heads and chunks without end, or is heard after a refusal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from lossgrad_service.http_api.connections import refusals
from lossgrad_service.http_api.connections.intake import Intake, Phase
from lossgrad_service.http_api.connections.limits import Limits
from lossgrad_service.http_api.connections.lingering import LingeringTransport
from lossgrad_service.http_api.connections.pace import Pace
from lossgrad_service.http_api.connections.refusals import Refused

HANG_UP: Final = "hang_up"
"""Where an application finds, in the state of a request, what ends its connection."""

REFUSAL: Final = "refusal"
"""Where it finds the error by which its connection refused what was still to come of it."""

_TLS_HANDSHAKE: Final = 0x16
"""The first byte of a caller that speaks TLS; no method of HTTP begins so."""


class Protocol(HttpToolsProtocol):
    """One connection; its callers are those of `asyncio`, the HTTP parser and `patrol`.

    Parameters
    ----------
    limits
        Of the connection.
    turned_away
        Told of each that there is no room for.
    uvicorns
        What uvicorn gives its protocols.
    """

    transport: LingeringTransport  # pyright: ignore[reportIncompatibleVariableOverride]
    parser: httptools.HttpRequestParser  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, limits: Limits, turned_away: Callable[[], None], **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self.url = b""
        self._limits = limits
        self._turned_away = turned_away
        self._intake = Intake(limits)
        self._going: Pace | None = None
        self._leaving: Pace | None = None
        self._may_keep_alive = False
        self._is_draining = False
        self._is_deaf = False
        """Whether what comes is dropped."""
        self._last_words = b""
        """The refusal that is sent once the requests before it are answered."""
        self._running: RequestResponseCycle | None = None

    # What asyncio calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take the connection where there is room."""
        super().connection_made(LingeringTransport(transport, self._expects_more))
        count = len(self.connections)
        if count > self._limits.connections:
            self._turned_away()
        if count > self._limits.heard:
            self.transport.abort()
        elif count > self._limits.connections:
            self._refuse(refusals.too_many_connections(self._limits))

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        if not self._is_heard:
            return
        if self._intake.is_unheard and data[0] == _TLS_HANDSHAKE:
            self.transport.abort()
            return
        self._unset_keepalive_if_required()
        self._intake.came(len(data))
        try:
            self._parse(data)
        except Refused as refused:
            self._refuse(refused)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the call that is answered; uvicorn tells only the one that came last."""
        self._unset_keepalive_if_required()
        self.pipeline.clear()
        if self._running is not None:
            _let_go(self._running)
        super().connection_lost(exc)

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The request was taken as one of HTTP/1.1; whatever follows is not.
            self.cycle.keep_alive = False
            self._is_deaf = True
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, Refused):
                raise error.__context__ from None
            raise refusals.malformed("the request is not proper HTTP/1.1") from None
        else:
            self._intake.check_overhead(self.url)

    # What the parser calls

    def on_message_begin(self) -> None:
        """Expect a head."""
        super().on_message_begin()
        self._intake.enter(Phase.HEAD)

    def on_headers_complete(self) -> None:
        """Begin to answer a request whose head is as it should be."""
        self._intake.check_head(self.url, self.headers, self.parser, len(self.pipeline))
        super().on_headers_complete()
        # Trailers are no headers: one could declare anew what was already looked at.
        self.headers = []
        # An answer before the request's end is the last one: what still comes of the request
        # could be taken for the next.
        self._may_keep_alive = self.cycle.keep_alive
        self.cycle.keep_alive = False
        self._intake.enter(Phase.BODY)

    def on_body(self, body: bytes) -> None:
        """Hand a part of the body on."""
        self._intake.was_body(len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Hand the end of the body on."""
        self.cycle.keep_alive = self._may_keep_alive and not self._is_draining
        super().on_message_complete()
        self._intake.finish()

    # What uvicorn calls

    def on_response_complete(self) -> None:
        """Go on to the next request, or to the refusal of it."""
        super().on_response_complete()
        if self._last_words and not self._is_answering:
            self._say_last_words()

    def shutdown(self) -> None:
        """Close the connection, or let the call under way be its last."""
        self._is_draining = True
        if self.transport.is_lingering:
            self.transport.abort()
        super().shutdown()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        _leave_word(cycle, HANG_UP, self.transport.abort)
        super()._start_asgi_task(cycle, app)

    # What the patrol and the server call

    def check(self, now: float) -> None:
        """End the connection, or the request, where it takes too long."""
        if self._reads_slowly(now) or self._lingers(now):
            self.transport.abort()
        elif self._is_heard and self._intake.is_late(now, waits_for_us=self._waits_for_us):
            self._give_up()

    def cut(self) -> None:
        """End the connection at once."""
        self.transport.abort()

    # What takes too long

    def _reads_slowly(self, now: float) -> bool:
        unread = self.transport.get_write_buffer_size()
        if not unread:
            self._going = None
            return False
        if self._going is None:
            self._going = Pace(self._limits.answer, -unread, now)
        return self._going.is_late(-unread, now)

    def _lingers(self, now: float) -> bool:
        if not self.transport.is_lingering:
            return False
        if self._leaving is None:
            self._leaving = Pace(self._limits.linger, 0, now)
        return self._leaving.is_late(0, now)

    @property
    def _waits_for_us(self) -> bool:
        """Whether the caller sends nothing because it was not told to."""
        is_uninvited = self._intake.phase is Phase.BODY and self.cycle.waiting_for_100_continue
        return self.flow.read_paused or is_uninvited

    def _give_up(self) -> None:
        if self._intake.is_unheard:
            self.transport.abort()
        else:
            self._refuse(self._intake.too_late())

    # The end of a connection

    def _refuse(self, refused: Refused) -> None:
        self._is_deaf = True
        self._last_words = refused.encode()
        if self._intake.phase is Phase.BODY:
            self._drop_request(refused)
        if not self._is_answering:
            self._say_last_words()

    def _drop_request(self, refused: Refused) -> None:
        """Forget the request that is refused, as if its caller had gone away."""
        if self.cycle is not self._running:
            self.pipeline.popleft()
        elif self.cycle.response_started:
            self.transport.abort()
        else:
            _leave_word(self.cycle, REFUSAL, refused.error)
        _let_go(self.cycle)

    def _say_last_words(self) -> None:
        if not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self.transport.write(self._last_words)
            self.transport.close()

    def _expects_more(self) -> bool:
        return self._intake.phase is not Phase.DONE and not self._is_draining

    @property
    def _is_heard(self) -> bool:
        """Whether what comes is looked at."""
        return not self._is_deaf and not self.transport.is_closing()

    @property
    def _is_answering(self) -> bool:
        cycle = self._running
        return cycle is not None and not (cycle.response_complete or cycle.disconnected)


def _leave_word(cycle: RequestResponseCycle, name: str, word: object) -> None:
    """Have the application find something in the state of a request."""
    cycle.scope.setdefault("state", {})[name] = word


def _let_go(cycle: RequestResponseCycle) -> None:
    """Tell the application that its caller is not there any more."""
    cycle.disconnected = True
    cycle.message_event.set()
