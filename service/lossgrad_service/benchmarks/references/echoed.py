"""What echoes are sent: how many bytes they are to answer, and bytes that mean nothing."""

from __future__ import annotations

from functools import lru_cache
from struct import Struct

COUNT = Struct("<q")
"""The number of bytes to answer."""

UNLIMITED = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))
"""Options of gRPC, at both ends."""


def message(sent: int, answered: int) -> bytes:
    """Return a message of so many bytes, to be answered by so many."""
    return COUNT.pack(answered).ljust(sent)


def answer_to(received: bytes) -> bytes:
    """Return what such a message is to be answered by."""
    return _spaces(*COUNT.unpack_from(received))


@lru_cache(8)
def _spaces(count: int) -> bytes:
    """Return so many bytes, which are made once."""
    return b" " * count
