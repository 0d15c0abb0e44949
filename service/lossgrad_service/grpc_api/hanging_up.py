"""Ending a connection, which gRPC leaves to its caller and to time."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_ISSOCK
from typing import Final
from urllib.parse import unquote

_DESCRIPTORS: Final = Path("/proc/self/fd")

_MAPPED: Final = "::ffff:"
"""What an address of IPv4 begins with on a socket for both kinds."""


def hang_up(peer: str) -> None:
    """End the connection of a peer, and with it all of its calls.

    A handler that has returned its answer cannot take it back: gRPC keeps that until it is
    read, and knows no other end of a call. Callers on unix sockets have no address of their
    own, and other systems than Linux do not list their sockets: nothing is done there.

    Parameters
    ----------
    peer
        As gRPC names it: ``ipv4:127.0.0.1:54321``, ``ipv6:%5B::1%5D:54321``.
    """
    host, _, port = unquote(peer).partition(":")[2].rpartition(":")
    for connection in _connections():
        with connection, suppress(OSError):
            if _peer_of(connection) == (host.strip("[]"), port):
                connection.shutdown(socket.SHUT_RDWR)


def _connections() -> Iterator[socket.socket]:
    """Yield copies of this process's sockets; it costs 10 microseconds each."""
    with suppress(OSError):
        for descriptor in os.listdir(_DESCRIPTORS):
            with suppress(OSError):
                if S_ISSOCK(os.fstat(int(descriptor)).st_mode):
                    yield socket.socket(fileno=os.dup(int(descriptor)))


def _peer_of(connection: socket.socket) -> tuple[str, str] | None:
    """Return host and port of the other side of a connection over IP."""
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    host, port = connection.getpeername()[:2]
    return host.removeprefix(_MAPPED), str(port)
