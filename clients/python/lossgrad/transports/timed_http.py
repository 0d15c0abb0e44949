"""Connections of urllib3 whose timeout is for all that a request waits for, and whose silence ends.

urllib3 starts a timeout anew with each step of a request and with each packet, so that a
server which says a byte now and then holds its caller for as long as it likes.

HTTP/1.1 has no sign of life: while a computation lasts, only the system of the other
machine can be asked, which answers for a process that hangs as well.
"""

from __future__ import annotations

import io
import time
from http.client import HTTPResponse
from typing import Any, Final, cast

import urllib3
from urllib3 import connection, exceptions

from lossgrad.transports import silence, tcp

# Their types leave no room for a timeout that runs.
_Connection: Any = connection.HTTPConnection
_SecureConnection: Any = connection.HTTPSConnection

_SHORTEST: Final = 1e-6
"""Seconds that a wait which begins too late is given; with 0 a socket never waits."""


def open_pools(**settings: Any) -> urllib3.PoolManager:
    """Return urllib3's pools of such connections; `settings` are its own."""
    pools = urllib3.PoolManager(socket_options=tcp.socket_options(), **settings)
    pools.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return pools


class _TimedReader(io.RawIOBase):
    """What a socket receives within the timeout that it has now."""

    def __init__(self, received: io.RawIOBase, sock: Any) -> None:
        self._received = received
        self._sock = sock
        self._deadline = _deadline_after(sock.gettimeout())
        self._has_begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        """Receive what there is.

        Raises
        ------
        TimeoutError
            At the deadline.
        ConnectionError
            Where the server's machine is gone, or an answer that has begun, and so is all
            there, does not go on.
        """
        left = _left_until(self._deadline)
        if self._has_begun and _is_longer(left, silence.GONE_AFTER):
            return self._go_on(buffer)
        self._sock.settimeout(left)
        with tcp.telling_gone():
            count: int | None = cast(Any, self._received).readinto(buffer)
        self._has_begun = True
        return count

    def _go_on(self, buffer: Any) -> int | None:
        self._sock.settimeout(silence.GONE_AFTER)
        try:
            return cast(Any, self._received).readinto(buffer)
        except TimeoutError as error:
            raise ConnectionError("the server fell silent in the middle of its answer") from error

    def close(self) -> None:
        self._received.close()
        super().close()


class _WholeLines(io.BufferedReader):
    """Reads lines that are whole: http.client takes half a head for a head without a body."""

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return a line of `size` bytes at most.

        Raises
        ------
        ConnectionError
            Where the server hung up before its end.
        """
        line = super().readline(size)
        if line.endswith(b"\n") or len(line) == size:
            return line
        raise ConnectionError("the server hung up before the end of its answer")


class _TimedResponse(HTTPResponse):
    """Head and body have one timeout, which is the socket's when the request is sent."""

    def __init__(self, sock: Any, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp = _WholeLines(_TimedReader(self.fp.detach(), sock))


class _Timed:
    """The part that connections of both kinds have of ours."""

    response_class = _TimedResponse

    sock: Any
    _deadline: float | None = None

    @property
    def timeout(self) -> float | None:
        """Seconds that are left of those that urllib3 set last, None where it set none."""
        return None if self._deadline is None else max(self._deadline - time.monotonic(), _SHORTEST)

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._deadline = _deadline_after(seconds)

    def connect(self) -> None:
        """Connect, in less time than the request has: who answers at all does so soon.

        Raises
        ------
        NewConnectionError
            Where there is no connection while the request still has time.
        """
        if _is_longer(self.timeout, silence.GONE_AFTER):
            self._connect_soon()
        else:
            cast(Any, super()).connect()

    def _connect_soon(self) -> None:
        whole, self.timeout = self._deadline, silence.GONE_AFTER
        try:
            cast(Any, super()).connect()
        except exceptions.NewConnectionError:
            raise
        except (TimeoutError, exceptions.ConnectTimeoutError) as error:
            text = f"no connection within {silence.GONE_AFTER:g} s"
            raise exceptions.NewConnectionError(cast(Any, self), text) from error
        finally:
            self._deadline = whole

    def send(self, data: bytes) -> None:
        """Send all of `data`, however slowly the server takes it, within the timeout."""
        if self.sock is None:
            self.connect()
        try:
            with tcp.telling_gone():
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


def _is_longer(seconds: float | None, most: float) -> bool:
    return seconds is None or seconds > most


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
