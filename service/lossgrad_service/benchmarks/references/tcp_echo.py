"""Bytes over a socket, answered while they are read: what the machine's loopback can do."""

from __future__ import annotations

import socket
from collections.abc import Callable
from socketserver import BaseRequestHandler, ThreadingTCPServer
from struct import Struct

HEADER = Struct("<qq")
"""How many bytes follow, and how many are to be answered."""

CHUNK_BYTES = 1 << 20


class _Echo(BaseRequestHandler):
    """One connection."""

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = memoryview(bytearray(CHUNK_BYTES))

    def handle(self) -> None:
        while header := self.request.recv(HEADER.size, socket.MSG_WAITALL):
            self._answer(*HEADER.unpack(header))

    def _answer(self, sent: int, answered: int) -> None:
        """Send of the answer the same share as has been received, again and again."""
        received = replied = 0
        while received < sent:
            received += self.request.recv_into(self.buffer, min(CHUNK_BYTES, sent - received))
            due = answered * received // sent
            self._send(due - replied)
            replied = due

    def _send(self, count: int) -> None:
        for start in range(0, count, CHUNK_BYTES):
            self.request.sendall(self.buffer[: count - start])


def serve(tell: Callable[[str], None]) -> None:
    """Serve for ever."""
    with ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        tell("{}:{}".format(*server.server_address))
        server.serve_forever()
