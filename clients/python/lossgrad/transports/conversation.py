"""A call that travels as a stream of messages each way, over a blocking connection."""

from __future__ import annotations

from threading import Thread
from typing import Generic

from lossgrad.endpoints import Exchanging, Reply
from lossgrad.transports.channels import Connection, RpcError, read_error, read_timing
from lossgrad.transports.closed import closed_error
from lossgrad.transports.remembering import Remembering


class Conversation(Generic[Reply]):
    """One attempt of one exchange, begun; a thread of gRPC's sends its messages.

    Raises
    ------
    InvalidArgument
        Where the connection is closed.
    """

    def __init__(self, connection: Connection, exchange: Exchanging[Reply], timeout: float) -> None:
        self._exchange = exchange
        self._is_taken_in = False
        self._requests = Remembering(exchange.messages())
        try:
            self._call = connection.channel.stream_stream(exchange.rpc)(
                self._requests, timeout=timeout, metadata=connection.metadata
            )
        except ValueError as error:
            raise closed_error() from error

    def finish(self) -> Reply:
        """Take in what the server sends until it ends its side, and return the reply.

        Raises
        ------
        LossGradError
            Whatever goes wrong.
        """
        self._is_taken_in = True
        try:
            for message in self._call:
                self._exchange.take(message)
        except RpcError as error:
            self._requests.raise_own()
            raise read_error(error) from None
        finally:
            self.cancel()
            self._exchange.close()
        return self._exchange.result(read_timing(self._call.trailing_metadata()))

    def cancel(self) -> None:
        """End the call if it is not over; callable from any thread."""
        self._call.cancel()

    def give_up(self) -> None:
        """End the call, also if `finish` will never run; waits for nothing."""
        self.cancel()
        if not self._is_taken_in:
            Thread(target=self._exchange.close, daemon=True).start()
