"""HTTP/1.1 of one connection: uvicorn's, within limits.

What uvicorn leaves to a proxy in front of it is done here: nobody keeps a connection by
sending or reading slowly, sends heads and chunks without end, or is heard after a refusal.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from lossgrad_service.http_api.connections import refusals
from lossgrad_service.http_api.connections.limits import Limits
from lossgrad_service.http_api.connections.lingering import LingeringTransport
from lossgrad_service.http_api.connections.pace import Pace
from lossgrad_service.http_api.connections.refusals import Refused

_HOST: Final = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[\w.~%!$&'()*+,;=-]*)(:\d{0,5})?")
HANG_UP: Final = "hang_up"
"""Where an application finds, in the state of a request, what ends its connection."""

_TLS_HANDSHAKE: Final = 0x16
"""The first byte of a caller that speaks TLS; no method of HTTP begins so."""


class _Phase(Enum):
    """How much of a request has come."""

    HEAD = auto()
    """Not all of its head, maybe nothing yet on a connection just opened."""

    BODY = auto()
    """Its head, and not all of its body."""

    DONE = auto()
    """All of it, and nothing of the next."""


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
        self._limits = limits
        self._turned_away = turned_away
        self._phase = _Phase.HEAD
        self._overhead = 0
        """Bytes of the request that are not of its body."""
        self._received = 0
        """Bytes of its body."""
        self._coming: Pace | None = None
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
        if self._is_deaf or self.transport.is_closing():
            return
        if self._is_unheard and data[0] == _TLS_HANDSHAKE:
            self.transport.abort()
            return
        self._unset_keepalive_if_required()
        if self._phase is _Phase.DONE:
            self._enter(_Phase.HEAD)
        self._overhead += len(data)
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

    # What the parser calls

    def on_message_begin(self) -> None:
        """Expect a head."""
        super().on_message_begin()
        self._enter(_Phase.HEAD)

    def on_headers_complete(self) -> None:
        """Begin to answer a request whose head is as it should be."""
        self._check_head()
        super().on_headers_complete()
        # Trailers are no headers: one could declare anew what was already looked at.
        self.headers = []
        # An answer before the request's end is the last one: what still comes of the request
        # could be taken for the next.
        self._may_keep_alive = self.cycle.keep_alive
        self.cycle.keep_alive = False
        self._enter(_Phase.BODY)

    def on_body(self, body: bytes) -> None:
        """Hand a part of the body on."""
        self._overhead -= len(body)
        self._received += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Hand the end of the body on."""
        self.cycle.keep_alive = self._may_keep_alive and not self._is_draining
        super().on_message_complete()
        self._overhead = self._received = 0
        self._enter(_Phase.DONE)

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
        cycle.scope.setdefault("state", {})[HANG_UP] = self.transport.abort
        super()._start_asgi_task(cycle, app)

    # What the patrol and the server call

    def check(self, now: float) -> None:
        """End the connection, or the request, where it takes too long."""
        if self._reads_slowly(now) or self._lingers(now):
            self.transport.abort()
        elif not self._is_deaf and not self.transport.is_closing() and self._sends_slowly(now):
            self._give_up()

    def cut(self) -> None:
        """End the connection at once."""
        self.transport.abort()

    # Limits on time

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

    def _sends_slowly(self, now: float) -> bool:
        if self._phase is _Phase.DONE:
            return False
        if self._coming is None:
            tempo = self._limits.head if self._phase is _Phase.HEAD else self._limits.body
            self._coming = Pace(tempo, 0, now)
        if self._waits_for_us:
            self._coming.rest(now)
            return False
        return self._coming.is_late(self._received, now)

    @property
    def _waits_for_us(self) -> bool:
        """Whether the caller sends nothing because it was not told to."""
        is_uninvited = self._phase is _Phase.BODY and self.cycle.waiting_for_100_continue
        return self.flow.read_paused or is_uninvited

    def _give_up(self) -> None:
        if self._is_unheard:
            self.transport.abort()
            return
        is_head = self._phase is _Phase.HEAD
        self._refuse((refusals.late_head if is_head else refusals.late_body)(self._limits))

    # Limits on bytes and counts

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
            self._check_overhead()

    def _check_head(self) -> None:
        if len(self.url) > self._limits.url_bytes:
            raise refusals.long_url(self._limits)
        if len(self.headers) > self._limits.headers:
            raise refusals.many_headers(self._limits)
        # What came with the head may be of its body.
        limit = self._limits.head_bytes
        if self._overhead > limit and self._head_bytes() > limit:
            raise refusals.large_head(self._limits)
        self._check_host()
        if self.parser.should_upgrade() and self._announces_body():
            # The parser would take the body for that of another protocol.
            raise refusals.malformed("this port speaks HTTP/1.1 only; send no upgrade header")
        if len(self.pipeline) >= self._limits.pipelined:
            raise refusals.many_pipelined(self._limits)

    def _check_overhead(self) -> None:
        limits = self._limits
        if self._phase is _Phase.HEAD and self._overhead > limits.head_bytes:
            is_url = len(self.url) > limits.url_bytes
            raise (refusals.long_url if is_url else refusals.large_head)(limits)
        framing = limits.framing_bytes + limits.framing_share * self._received
        if self._phase is _Phase.BODY and self._overhead > limits.head_bytes + framing:
            raise refusals.small_chunks()

    def _check_host(self) -> None:
        hosts = [value for name, value in self.headers if name == b"host"]
        if not hosts and self.parser.get_http_version() == "1.0":
            return
        if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
            raise refusals.malformed(
                "the request must have one host header, such as localhost:8080"
            )

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _announces_body(self) -> bool:
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in self.headers
        )

    # The end of a connection

    def _refuse(self, refused: Refused) -> None:
        self._is_deaf = True
        self._last_words = refused.encode()
        if self._phase is _Phase.BODY:
            self._drop_request()
        if not self._is_answering:
            self._say_last_words()

    def _drop_request(self) -> None:
        """Forget the request that is refused, as if its caller had gone away."""
        if self.cycle is not self._running:
            self.pipeline.popleft()
        elif self.cycle.response_started:
            self.transport.abort()
        _let_go(self.cycle)

    def _say_last_words(self) -> None:
        if not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self.transport.write(self._last_words)
            self.transport.close()

    def _enter(self, phase: _Phase) -> None:
        self._phase = phase
        self._coming = None

    def _expects_more(self) -> bool:
        return self._phase is not _Phase.DONE and not self._is_draining

    @property
    def _is_unheard(self) -> bool:
        """Whether nothing came on this connection since it was opened."""
        return self._phase is _Phase.HEAD and self._overhead == 0

    @property
    def _is_answering(self) -> bool:
        cycle = self._running
        return cycle is not None and not (cycle.response_complete or cycle.disconnected)


def _let_go(cycle: RequestResponseCycle) -> None:
    """Tell the application that its caller is not there any more."""
    cycle.disconnected = True
    cycle.message_event.set()
