"""Calls of a polite HTTP/2 client whose gRPC says anything, and the status that comes back."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import Event, ResponseReceived, StreamEnded, TrailersReceived

from tests.abuse.frames import Header, header_lines
from tests.abuse.served import Address
from tests.running import PATIENCE_SECONDS

RECEIVED_BYTES: Final = 2**16


class Asker:
    """One connection, on which one call follows another."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._h2 = H2Connection(H2Configuration(client_side=True))
        self._h2.initiate_connection()

    def status(self, path: str, payload: bytes, *more: Header) -> int:
        """Return the grpc-status of a call with further header lines."""
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream, header_lines(path, *more))
        self._h2.send_data(stream, payload, end_stream=True)
        return int(self._told(stream)[b"grpc-status"])

    def _told(self, stream: int) -> dict[bytes, bytes]:
        """Return what the headers and trailers of an answer say."""
        told: dict[bytes, bytes] = {}
        for event in self._events():
            if isinstance(event, ResponseReceived | TrailersReceived):
                told |= dict(event.headers)
            if isinstance(event, StreamEnded) and event.stream_id == stream:
                break
        return told

    def _events(self) -> Iterator[Event]:
        self._socket.sendall(self._h2.data_to_send())
        while received := self._socket.recv(RECEIVED_BYTES):
            yield from self._h2.receive_data(received)
            self._socket.sendall(self._h2.data_to_send())


@contextmanager
def asker(address: Address) -> Iterator[Asker]:
    """Connect, and hang up at the end of the block."""
    with socket.create_connection(address, PATIENCE_SECONDS) as connection:
        yield Asker(connection)
