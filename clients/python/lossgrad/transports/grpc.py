"""gRPC for threads."""

from __future__ import annotations

from lossgrad.endpoints import Endpoint, Reply, Request
from lossgrad.transports.channels import (
    Channel,
    RpcError,
    open_channel,
    read_error,
    read_timing,
)
from lossgrad.transports.closed import closed_error
from lossgrad.transports.conversation import Conversation
from lossgrad.transports.per_process import PerProcess
from lossgrad.transports.target import Target


class GrpcTransport:
    """Sends requests over one channel in each process."""

    def __init__(self, target: Target, authority: bytes | None) -> None:
        self._channels = PerProcess[Channel](lambda: open_channel(target, authority))

    def send(self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float) -> Reply:
        """Make one attempt; see `Transport.send`."""
        channel = self._channels.get()
        exchange = endpoint.exchange(request)
        if exchange is not None:
            return Conversation(channel, exchange, timeout).finish()
        message = endpoint.encode_proto(request)
        try:
            data, call = channel.unary_unary(endpoint.rpc).with_call(message, timeout=timeout)
        except RpcError as error:
            raise read_error(error) from None
        except ValueError as error:  # another thread has closed the channel meanwhile
            raise closed_error() from error
        return endpoint.decode_proto(data, read_timing(call.trailing_metadata()))

    def close(self) -> None:
        """Close this process's channel."""
        channel = self._channels.close()
        if channel is not None:
            channel.close()
