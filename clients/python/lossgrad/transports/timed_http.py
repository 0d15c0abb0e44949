"""Connections of urllib3 whose timeout is for all that a request waits for.

urllib3 starts a timeout anew with each step of a request and with each packet, so that a
server which says a byte now and then holds its caller for as long as it likes.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from http.client import HTTPResponse
from typing import Any, Final, cast

import urllib3
from urllib3 import connection, exceptions

# Their types leave no room for a timeout that runs.
_Connection: Any = connection.HTTPConnection
_SecureConnection: Any = connection.HTTPSConnection

_SHORTEST: Final = 1e-6
"""Seconds that a wait which begins too late is given; with 0 a socket never waits."""


def open_pools(**settings: Any) -> urllib3.PoolManager:
    """Return urllib3's pools of such connections; `settings` are its own."""
    pools = urllib3.PoolManager(**settings)
    pools.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return pools


class _TimedReader(io.RawIOBase):
    """What a socket receives within the timeout that it has now."""

    def __init__(self, received: io.RawIOBase, sock: Any) -> None:
        self._received = received
        self._sock = sock
        self._deadline = _deadline_after(sock.gettimeout())

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._sock.settimeout(_left_until(self._deadline))
        return cast(Any, self._received).readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """Head and body have one timeout, which is the socket's when the request is sent."""

    def __init__(self, sock: Any, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock))


class _Timed:
    """The part that connections of both kinds have of ours."""

    response_class = _TimedResponse

    sock: Any
    connect: Callable[[], None]
    _deadline: float | None = None

    @property
    def timeout(self) -> float | None:
        """Seconds that are left of those that urllib3 set last, None where it set none."""
        return None if self._deadline is None else max(self._deadline - time.monotonic(), _SHORTEST)

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._deadline = _deadline_after(seconds)

    def send(self, data: bytes) -> None:
        """Send all of `data`, however slowly the server takes it, within the timeout."""
        if self.sock is None:
            self.connect()
        try:
            _send_until(self._deadline, self.sock, data)
        except TimeoutError as error:  # which urllib3 would take for a broken connection
            raise exceptions.TimeoutError from error


class _TimedConnection(_Timed, _Connection):
    pass


class _TimedSecureConnection(_Timed, _SecureConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _TimedConnection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TimedSecureConnection


def _send_until(deadline: float | None, sock: Any, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        sock.settimeout(_left_until(deadline))
        rest = rest[sock.send(rest) :]


def _deadline_after(seconds: float | None) -> float | None:
    return None if seconds is None else time.monotonic() + seconds


def _left_until(deadline: float | None) -> float | None:
    """Return the seconds until then.

    Raises
    ------
    TimeoutError
        Where there are none.
    """
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
