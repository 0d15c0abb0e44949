"""Whose memory it is that comes over a side connection."""

from __future__ import annotations

import os
import socket
import struct
from typing import Final

from lossgrad.codecs.sharing import NotShared
from lossgrad.errors import Unauthenticated
from lossgrad_service.access.caller import Door

PEER: Final = "unix:"
"""What gRPC calls whoever comes over a Unix socket."""

_CREDENTIALS: Final = struct.Struct("3i")
"""Process, user and group."""


def owner_of(connection: socket.socket, token: str | None, door: Door) -> str:
    """Return the name that the calls of whoever is at the other end go by.

    Where callers have no keys, that has to be a process of this server's own user.

    Raises
    ------
    NotShared
        Where it may not share memory.
    """
    try:
        caller = door.caller_of(token, PEER)
    except Unauthenticated as error:
        raise NotShared(str(error)) from None
    if caller.name == PEER and _user_of(connection) != os.geteuid():
        raise NotShared("without a key only the server's own user shares memory")
    return caller.name


def _user_of(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(credentials)[1]
