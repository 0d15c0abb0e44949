"""The HTTP server: uvicorn within our own event loop, with our own end."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, cast

import uvicorn

from lossgrad_service.admission import Gate
from lossgrad_service.calls import Dispatcher
from lossgrad_service.http_api.answers import Answers
from lossgrad_service.http_api.app import create_app
from lossgrad_service.http_api.connections import Handshake, Limits, Protocol, patrol

_KEEP_ALIVE_SECONDS = 75
"""Idle connections are kept longer than clients and proxies keep theirs (60 s)."""

UNWINDING_SECONDS: Final = 1.0
"""What calls that are cut may take to end by themselves; uvicorn looks ten times a second."""

_USUAL_LIMITS: Final = Limits()


class HttpServer:
    """Serves a dispatcher over HTTP/1.1, behind a gate; made and used on one event loop.

    Its port is its own, or with `shares_ports` that of other processes as well; with `tls`
    it speaks HTTPS. `limits` hold for each of its connections.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        gate: Gate,
        metrics: Callable[[], bytes],
        *,
        shares_ports: bool,
        tls: ssl.SSLContext | None = None,
        limits: Limits = _USUAL_LIMITS,
    ) -> None:
        self._limits = limits
        self._socket_options = (socket.SO_REUSEPORT,) if shares_ports else ()
        turned_away = partial(dispatcher.observer.meter.refused, "connections")
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                Answers(create_app(dispatcher, gate, metrics)),
                http=_protocol_within(limits, tls, turned_away),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            )
        )
        self._sockets: list[socket.socket] = []

    def listen(self, host: str, port: int) -> int:
        """Bind ``host:port`` and return the port.

        Raises
        ------
        OSError
            Where the address is taken or cannot be had.
        """
        try:
            self._sockets.append(bind(host, port, *self._socket_options))
        except OSError as error:
            raise OSError(f"HTTP cannot listen on {host}:{port}: {error.strerror}") from error
        return self._sockets[-1].getsockname()[1]

    async def start(self) -> None:
        """Take calls; the steps of `uvicorn.Server.serve` without its signal handlers."""
        config = self._uvicorn.config
        config.load()
        self._uvicorn.lifespan = config.lifespan_class(config)
        await self._uvicorn.startup(sockets=self._sockets)
        self._housekeeping = asyncio.create_task(self._uvicorn.main_loop())
        self._patrol = asyncio.create_task(patrol(self._connections, self._limits.patrol_seconds))

    async def stop(self, grace: float) -> None:
        """Take no new calls, and cut those still under way after `grace` seconds."""
        cutting = asyncio.get_running_loop().call_later(grace, self._cut)
        # Annotated as int, but handed on to asyncio as it is.
        self._uvicorn.config.timeout_graceful_shutdown = grace + UNWINDING_SECONDS  # pyright: ignore[reportAttributeAccessIssue]
        self._housekeeping.cancel()
        with suppress(asyncio.CancelledError):
            await self._housekeeping
        await self._uvicorn.shutdown(sockets=self._sockets)
        cutting.cancel()
        self._cut()
        self._patrol.cancel()

    def close(self) -> None:
        """Give back the port of a server that was not started."""
        for bound in self._sockets:
            bound.close()

    @property
    def n_connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    @property
    def _connections(self) -> set[Protocol | Handshake]:
        return cast(set[Protocol | Handshake], self._uvicorn.server_state.connections)

    def _cut(self) -> None:
        """End what is left of connections; calls that wait for their callers end with them."""
        for connection in tuple(self._connections):
            connection.cut()


def _protocol_within(
    limits: Limits, tls: ssl.SSLContext | None, turned_away: Callable[[], None]
) -> type[asyncio.Protocol]:
    """Return what uvicorn calls to make a connection's protocol."""
    if tls is None:
        return cast(type[asyncio.Protocol], partial(Protocol, limits, turned_away))
    return cast(type[asyncio.Protocol], partial(Handshake, tls, limits, turned_away))


def bind(host: str, port: int, *options: int) -> socket.socket:
    """Return a socket with some options that is bound to the first address of ``host:port``."""
    # The protocol is stated because asyncio sets TCP_NODELAY only where it is: without,
    # answers wait 40 ms for the caller's delayed acknowledgement.
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        for option in (socket.SO_REUSEADDR, *options):
            bound.setsockopt(socket.SOL_SOCKET, option, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound
