"""A name server of one name: what a cluster's would say of a headless service."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread

NAME = "losses.test"
_A, _IN = 1, 1
_ANSWERED = 0x8580
"""Flags: an answer, with authority, without error."""


@contextmanager
def name_server(addresses: Sequence[str]) -> Iterator[int]:
    """Yield the port of a server that knows IPv4 addresses of `NAME`, and nothing else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = Thread(target=_serve, args=(server, addresses), daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.sendto(b"", server.getsockname())
            thread.join()


def _serve(server: socket.socket, addresses: Sequence[str]) -> None:
    while True:
        query, caller = server.recvfrom(512)
        if not query:
            return
        server.sendto(_answer(query, addresses), caller)


def _answer(query: bytes, addresses: Sequence[str]) -> bytes:
    """Return the answer to a query of one question (RFC 1035 §4)."""
    end = query.index(b"\0", 12) + 5
    question = query[12:end]
    kind, _ = struct.unpack("!HH", question[-4:])
    wanted = _labels(NAME) == question[:-4].lower() and kind == _A
    records = [_record(address) for address in addresses] if wanted else []
    head = query[:2] + struct.pack("!HHHHH", _ANSWERED, 1, len(records), 0, 0)
    return head + question + b"".join(records)


def _labels(name: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def _record(address: str) -> bytes:
    """Return an address of the name in the question, which stands at byte 12."""
    return struct.pack("!HHHIH", 0xC00C, _A, _IN, 1, 4) + socket.inet_aton(address)
