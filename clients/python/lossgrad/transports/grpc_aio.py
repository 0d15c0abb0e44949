"""gRPC for event loops."""

from __future__ import annotations

import asyncio
import os
from functools import cache

from lossgrad.codecs.request_size import encode_size
from lossgrad.endpoints import Endpoint, Exchanging, Reply, Request
from lossgrad.transports.base import AsyncTransport
from lossgrad.transports.channels import (
    AioChannel,
    Connection,
    RpcError,
    Shown,
    metadata_of,
    open_aio_channel,
    open_connection,
    read_error,
    read_timing,
)
from lossgrad.transports.closed import closed_error, tell_if_closed
from lossgrad.transports.conversation import Conversation
from lossgrad.transports.credentials import Credentials
from lossgrad.transports.forks import Attempt
from lossgrad.transports.grpc import GrpcTransport
from lossgrad.transports.per_process import PerProcess
from lossgrad.transports.target import Target
from lossgrad.transports.threaded import ThreadedTransport, Threads


class GrpcAioTransport:
    """Sends requests over one channel in each event loop, and goes on after a fork."""

    def __init__(self, target: Target, credentials: Credentials) -> None:
        self._transports = PerProcess[AsyncTransport](lambda: _open(target, credentials))

    async def send(
        self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float
    ) -> Reply:
        """Make one attempt; see `Transport.send`."""
        return await self._transports.get().send(endpoint, request, timeout)

    async def close(self) -> None:
        """Close the channel of the running event loop."""
        transport = self._transports.close()
        if transport is not None:
            await transport.close()


class _LoopTransport:
    """Sends requests over one channel in each event loop of a process."""

    def __init__(self, target: Target, credentials: Credentials) -> None:
        self._target = target
        self._credentials = credentials
        self._shown = metadata_of(credentials)
        self._channels: dict[asyncio.AbstractEventLoop, AioChannel] = {}
        self._streams = _Streams(target, credentials)
        self._is_closed = False

    async def send(
        self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float
    ) -> Reply:
        async with Attempt(timeout) as left:
            return await self._send(endpoint, request, left)

    async def close(self) -> None:
        self._is_closed = True
        self._streams.close()
        channel = self._channels.pop(asyncio.get_running_loop(), None)
        if channel is not None:
            await channel.close()

    async def _send(
        self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float
    ) -> Reply:
        exchange = endpoint.exchange(request)
        if exchange is not None:
            return await self._streams.send(exchange, timeout)
        channel = self._channel()
        try:
            return await _ask(channel, endpoint, request, timeout, self._shown)
        except asyncio.CancelledError:
            tell_if_closed(self._is_closed)
            raise

    def _channel(self) -> AioChannel:
        if self._is_closed:
            raise closed_error()
        loop = asyncio.get_running_loop()
        if loop not in self._channels:
            self._drop_dead()
            self._channels[loop] = open_aio_channel(self._target, self._credentials)
        return self._channels[loop]

    def _drop_dead(self) -> None:
        """Let go of channels whose event loop is closed."""
        for loop in [loop for loop in self._channels if loop.is_closed()]:
            del self._channels[loop]


class _Streams:
    """Sends what travels in pieces, each over a blocking connection in a thread.

    gRPC's asyncio part forgets the status of a server that ends a stream while its
    caller still writes (https://github.com/grpc/grpc/issues/36066); and copying megabytes
    would hold up the event loop.
    """

    def __init__(self, target: Target, credentials: Credentials) -> None:
        self._connections = PerProcess[Connection](lambda: open_connection(target, credentials))
        self._threads = Threads()

    async def send(self, exchange: Exchanging[Reply], timeout: float) -> Reply:
        conversation = Conversation(self._connections.get(), exchange, timeout)
        try:
            return await self._threads.run(conversation.finish, timeout)
        except BaseException:
            conversation.give_up()
            raise

    def close(self) -> None:
        self._threads.close()
        connection = self._connections.close()
        if connection is not None:
            connection.channel.close()


async def _ask(
    channel: AioChannel,
    endpoint: Endpoint[Request, Reply],
    request: Request,
    timeout: float,
    shown: Shown,
) -> Reply:
    """Send one message and receive one."""
    message = endpoint.encode_proto(request)
    metadata = (*shown, *encode_size(len(message)))
    call = channel.unary_unary(endpoint.rpc)(message, timeout=timeout, metadata=metadata)
    try:
        data: bytes = await call
        trailing = await call.trailing_metadata()
    except RpcError as error:
        raise read_error(error) from None
    return endpoint.decode_proto(data, read_timing(trailing))


@cache
def _process_of_aio() -> int:
    """Return the process that asked first, which its forks inherit."""
    return os.getpid()


def _open(target: Target, credentials: Credentials) -> AsyncTransport:
    """Return what this process can use.

    gRPC's asyncio part polls in a thread that begins with its first use and that a
    fork does not inherit: calls of the child would wait for ever. Its blocking part
    does begin anew in a child.
    """
    if _process_of_aio() == os.getpid():
        return _LoopTransport(target, credentials)
    return ThreadedTransport(GrpcTransport(target, credentials))
