"""A connection before it speaks TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, cast

from lossgrad_service.http_api.connections.limits import Limits
from lossgrad_service.http_api.connections.protocol import Protocol


class Handshake(asyncio.Protocol):
    """Takes a connection, and hands it to the `Protocol` of HTTP once it speaks TLS.

    A server of `asyncio` that is given a context tells its protocols of a connection after
    the handshake: those that never begin one would be neither counted nor ended. So it is
    begun here, by a connection that has its place among the others already.

    Parameters
    ----------
    tls
        What the server shows.
    limits
        Of the connection; the handshake may take as long as a head.
    turned_away
        Told of each that there is no room for.
    uvicorns
        What uvicorn gives its protocols.
    """

    def __init__(
        self, tls: ssl.SSLContext, limits: Limits, turned_away: Callable[[], None], **uvicorns: Any
    ) -> None:
        self._tls = tls
        self._limits = limits
        self._turned_away = turned_away
        self._protocol = Protocol(limits, turned_away, **uvicorns)
        self._connections = cast(set[object], self._protocol.connections)
        self._early = b""
        """What came right behind the handshake."""

    # What asyncio calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Begin the handshake where there is room."""
        if len(self._connections) >= self._limits.heard:
            self._turned_away()
            transport.abort()
            return
        # The first bytes are for the TLS that is not there yet.
        transport.pause_reading()
        self._transport = transport
        self._connections.add(self)
        self._shaking = self._protocol.loop.create_task(self._shake())

    def data_received(self, data: bytes) -> None:
        """Keep what came; the handshake has just ended."""
        self._early += data

    # What the patrol, uvicorn and the server call

    def check(self, now: float) -> None:
        """Do nothing: asyncio watches the time of a handshake."""

    def shutdown(self) -> None:
        """End the connection at once, since nothing was asked on it."""
        self.cut()

    def cut(self) -> None:
        """End the connection at once."""
        self._connections.discard(self)
        self._shaking.cancel()
        self._transport.abort()

    async def _shake(self) -> None:
        try:
            secured = await self._protocol.loop.start_tls(
                self._transport,
                self,
                self._tls,
                server_side=True,
                ssl_handshake_timeout=self._limits.head.seconds,
            )
        except OSError:
            secured = None
        finally:
            self._connections.discard(self)
        if secured is None:
            self._transport.abort()
        else:
            self._hand_over(secured)

    def _hand_over(self, transport: asyncio.Transport) -> None:
        transport.set_protocol(self._protocol)
        self._protocol.connection_made(transport)
        if self._early:
            self._protocol.data_received(self._early)
