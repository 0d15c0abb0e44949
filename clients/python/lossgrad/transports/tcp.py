"""What TCP finds out by itself: that the machine on the other side, or the way to it, is gone."""

from __future__ import annotations

import errno
import socket
from collections.abc import Generator
from contextlib import contextmanager

from lossgrad.transports import silence


def socket_options() -> list[tuple[int, int, int]]:
    """Return what has the system look for it, as far as it can, for `setsockopt`."""
    asked, gone = max(1, round(silence.ASKED_AFTER)), max(1, round(silence.GONE_AFTER))
    wanted = {
        "TCP_NODELAY": 1,
        "TCP_KEEPIDLE": asked,
        "TCP_KEEPINTVL": max(1, gone // 2),
        "TCP_KEEPCNT": 2,
        # Counts while a server reads nothing, too: ours has ended the request by then.
        "TCP_USER_TIMEOUT": 1000 * (asked + gone),
    }
    known = {name: getattr(socket, name) for name in wanted if hasattr(socket, name)}
    options = [(socket.IPPROTO_TCP, number, wanted[name]) for name, number in known.items()]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *options]


@contextmanager
def telling_gone() -> Generator[None]:
    """Tell what the system found out from a timeout of ours, which has the same class.

    Raises
    ------
    ConnectionError
        Where the other side is gone.
    TimeoutError
        Where the time is over that the socket was given.
    """
    try:
        yield
    except TimeoutError as error:
        if error.errno == errno.ETIMEDOUT:
            raise ConnectionError("the server's machine does not answer any more") from error
        raise
