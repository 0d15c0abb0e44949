"""gRPC for event loops."""

from __future__ import annotations

import asyncio
import os

from lossgrad.endpoints import Endpoint, Reply, Request
from lossgrad.transports.base import closed_error
from lossgrad.transports.channels import (
    AioChannel,
    RpcError,
    open_aio_channel,
    read_error,
    read_timing,
)
from lossgrad.transports.target import Target

Owner = tuple[int, asyncio.AbstractEventLoop]


class GrpcAioTransport:
    """Sends requests over one channel in each event loop of each process."""

    def __init__(self, target: Target, authority: bytes | None) -> None:
        self._target = target
        self._authority = authority
        self._channels: dict[Owner, AioChannel] = {}
        self._is_closed = False

    async def send(
        self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float
    ) -> Reply:
        """Make one attempt; see `Transport.send`."""
        method = self._channel().unary_unary(endpoint.rpc)
        call = method(endpoint.encode_proto(request), timeout=timeout)
        try:
            data: bytes = await call
            metadata = await call.trailing_metadata()
        except RpcError as error:
            raise read_error(error) from None
        return endpoint.decode_proto(data, read_timing(metadata))

    async def close(self) -> None:
        """Close the channel of the running event loop."""
        self._is_closed = True
        channel = self._channels.pop(_owner(), None)
        if channel is not None:
            await channel.close()

    def _channel(self) -> AioChannel:
        if self._is_closed:
            raise closed_error()
        owner = _owner()
        if owner not in self._channels:
            self._drop_dead(owner[0])
            self._channels[owner] = open_aio_channel(self._target, self._authority)
        return self._channels[owner]

    def _drop_dead(self, process: int) -> None:
        """Let go of channels whose event loop is closed; a parent process's are kept."""
        for owner in list(self._channels):
            if owner[0] == process and owner[1].is_closed():
                del self._channels[owner]


def _owner() -> Owner:
    return os.getpid(), asyncio.get_running_loop()
