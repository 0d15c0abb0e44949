"""One file of an arena: its free parts, and what the server knows it by."""

from __future__ import annotations

import time
from collections import deque
from threading import Lock
from typing import Any, Final

import numpy as np

from lossgrad.codecs.sharing import NotShared
from lossgrad.shared_memory.free_space import FreeSpace
from lossgrad.shared_memory.sealed_file import SealedFile
from lossgrad.shared_memory.side_connection import SideConnection
from lossgrad.types.arrays import Array

ALIGNMENT: Final = 64
"""What the place of an array is a multiple of: a line of the cache."""

PAUSE_SECONDS: Final = 1.0
"""Until memory is offered once more to a server that did not take it."""

END_SECONDS: Final = 1.0
"""How long a server is waited for that is to give memory back; a tenth of it is usual."""


class Segment:
    """A file of which parts are arrays.

    Parameters
    ----------
    path
        Of the server's side socket.
    token
        The key that the server knows this caller by, if it has keys.
    size
        Bytes of the file.

    Raises
    ------
    OSError
        Where there is no memory for it.
    """

    def __init__(self, path: str, token: str | None, size: int) -> None:
        self._path = path
        self._token = token
        self._file = SealedFile(size)
        self._bytes: Array = np.frombuffer(self._file.mapping, np.uint8)
        self._space = FreeSpace(self._file.size)
        # Filled wherever the garbage collector runs, where no lock may be waited for.
        self._returned: deque[tuple[int, int]] = deque()
        self._lock = Lock()
        self._connection: SideConnection | None = None
        self._offered_again = 0.0
        self.is_abandoned = False
        """Whether a server may write to it that does not answer: nothing is made in it."""

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._file.size

    @property
    def is_unused(self) -> bool:
        """Whether no array lies in it."""
        self._collect()
        return self._space.is_whole and not self.is_abandoned

    @property
    def address(self) -> int:
        """Where it begins in memory."""
        return self._bytes.ctypes.data

    def array(self, size: int) -> Array | None:
        """Return `size` > 0 bytes of any content; None where there are not as many in a row.

        They are free once more when the last view of them is gone.
        """
        self._collect()
        size = -(-size // ALIGNMENT) * ALIGNMENT
        start = None if self.is_abandoned else self._space.take(size)
        return None if start is None else np.asarray(_Part(self, start, size))

    def handle(self) -> bytes:
        """Return what calls name the file by, once the server has it.

        Raises
        ------
        NotShared
            Where it does not take it, or did not a moment ago.
        """
        with self._lock:
            if self._connection is None or not self._connection.is_alive:
                self._connection = self._offered()
            return self._connection.handle

    def withdraw(self) -> None:
        """Take the file back from the server, which may be using it for a call that failed.

        Nobody gets a handle meanwhile. It is abandoned where the server does not say that it
        has stopped.
        """
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None and not connection.end(END_SECONDS):
                self.is_abandoned = True

    def close(self) -> None:
        """End the server's use of it; arrays that lie in it stay."""
        with self._lock:
            connection, self._connection = self._connection, None
            self._file.close()
        if connection is not None:
            connection.close()

    def forget(self) -> None:
        """Let go of descriptors that were inherited from the process that made it."""
        if self._connection is not None:
            self._connection.forget()
        self._file.close()

    def part(self, start: int, size: int) -> Array:
        """Return some of its bytes."""
        return self._bytes[start : start + size]

    def take_back(self, start: int, size: int) -> None:
        """Have some bytes be free, later on."""
        self._returned.append((start, size))

    def _offered(self) -> SideConnection:
        if time.monotonic() < self._offered_again:
            raise NotShared("the server did not take it a moment ago")
        try:
            return SideConnection.open(self._path, self._token, self._file.descriptor)
        except NotShared:
            self._offered_again = time.monotonic() + PAUSE_SECONDS
            raise

    def _collect(self) -> None:
        while self._returned:
            self._space.give(*self._returned.popleft())


class _Part:
    """What arrays over a part of a segment hold, so that it is free when they are gone."""

    def __init__(self, segment: Segment, start: int, size: int) -> None:
        self._segment = segment
        self._place = (start, size)
        self.__array_interface__: dict[str, Any] = segment.part(start, size).__array_interface__

    def __del__(self) -> None:
        self._segment.take_back(*self._place)
