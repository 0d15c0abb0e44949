"""gRPC for threads."""

from __future__ import annotations

from lossgrad.codecs.request_size import encode_size
from lossgrad.endpoints import Endpoint, Reply, Request
from lossgrad.transports.channels import (
    Connection,
    RpcError,
    open_connection,
    read_error,
    read_timing,
)
from lossgrad.transports.closed import closed_error
from lossgrad.transports.conversation import Conversation
from lossgrad.transports.credentials import Credentials
from lossgrad.transports.forks import Attempt
from lossgrad.transports.per_process import PerProcess
from lossgrad.transports.target import Target
from lossgrad.transports.withdrawal import withdrawn_by


class GrpcTransport:
    """Sends requests over one connection in each process."""

    def __init__(self, target: Target, credentials: Credentials) -> None:
        self._connections = PerProcess[Connection](lambda: open_connection(target, credentials))

    def send(self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float) -> Reply:
        """Make one attempt; see `Transport.send`."""
        with Attempt(timeout) as left:
            return self._send(endpoint, request, left)

    def close(self) -> None:
        """Close this process's connection."""
        connection = self._connections.close()
        if connection is not None:
            connection.channel.close()

    def _send(self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float) -> Reply:
        connection = self._connections.get()
        exchange = endpoint.exchange(request)
        if exchange is not None:
            conversation = Conversation(connection, exchange, timeout)
            with withdrawn_by(conversation.cancel):
                return conversation.finish()
        message = endpoint.encode_proto(request)
        metadata = (*connection.metadata, *encode_size(len(message)))
        try:
            data, call = connection.method(endpoint.rpc).with_call(
                message, timeout=timeout, metadata=metadata
            )
        except RpcError as error:
            raise read_error(error) from None
        except ValueError as error:  # another thread has closed the channel meanwhile
            raise closed_error() from error
        return endpoint.decode_proto(data, read_timing(call.trailing_metadata()))
