"""The connection to the side socket, with which the server's use of some memory ends."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Final, Self

from lossgrad.codecs import sharing
from lossgrad.codecs.sharing import NotShared

_PATIENCE_SECONDS: Final = 2.0
"""For an answer of a server that is there."""


class SideConnection:
    """One file of memory in the server's hands, from `open` until `close`."""

    def __init__(self, connection: socket.socket, handle: bytes) -> None:
        self._connection = connection
        self.handle = handle
        """By which calls name the memory."""

    @classmethod
    def open(cls, path: str, token: str | None, descriptor: int) -> Self:
        """Hand a file to the server whose side socket is at `path`.

        Raises
        ------
        NotShared
            Where it is not taken, or nobody is there.
        """
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            connection.settimeout(_PATIENCE_SECONDS)
            connection.connect(path)
            socket.send_fds(connection, [sharing.encode_request(token)], [descriptor])
            handle = sharing.decode_response(connection.recv(sharing.MOST_BYTES))
            connection.setblocking(False)
            return cls(connection, handle)
        except OSError as error:
            connection.close()
            raise NotShared(str(error)) from error
        except NotShared:
            connection.close()
            raise

    @property
    def is_alive(self) -> bool:
        """Whether the server has not ended it."""
        try:
            self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def end(self, seconds: float) -> bool:
        """Have the server give the memory back, and wait for that; return whether it has.

        Until then it may still write there, for a call that is over at this end.
        """
        with self._connection, suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
            self._connection.settimeout(seconds)
            return not self._connection.recv(1)
        return False

    def __del__(self) -> None:
        self._connection.close()

    def close(self) -> None:
        """End it, also where a forked process has it too."""
        with self._connection, suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def forget(self) -> None:
        """Let go of what was inherited from the process that opened it."""
        self._connection.close()
