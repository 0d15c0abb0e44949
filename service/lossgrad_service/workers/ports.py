"""Ports that only the workers of one supervisor share."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from lossgrad_service.runtime.addresses import in_address


@contextmanager
def reserved_port(protocol: str, host: str, port: int) -> Iterator[int]:
    """Hold a port, any free one for 0, that sockets with SO_REUSEPORT may bind and nobody else.

    It is bound and never listens, so that no connection comes here.

    Raises
    ------
    OSError
        Where the address is taken, by whomever, or cannot be had.
    """
    with _telling(protocol, host, port):
        held = _bound(host, port)
    with held:
        yield held.getsockname()[1]


@contextmanager
def _telling(protocol: str, host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(
            f"{protocol} cannot listen on {in_address(host)}:{port}: {error.strerror}"
        ) from error


def _bound(host: str, port: int) -> socket.socket:
    # The first of the addresses, as HTTP has it.
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    held = socket.socket(family, kind, protocol)
    try:
        _bind_alone(held, address)
        # From now on, and not before: a port that others share would have been shared with them.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError:
        held.close()
        raise
    return held


def _bind_alone(held: socket.socket, address: tuple[object, ...]) -> None:
    """Bind where nobody else is bound; what is left of closed connections is nobody."""
    try:
        held.bind(address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(address)
        # Another that binds this way would otherwise pass by a socket that does not listen.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
