"""The side socket: where callers on this machine hand over memory."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lossgrad.codecs import sharing
from lossgrad_service.access.caller import Door
from lossgrad_service.shared_memory.memories import Memories
from lossgrad_service.shared_memory.side_connection import SideConnection

MOST_CONNECTIONS: Final = 256
"""Each has three files open, and memory that counts by itself."""

_BACKLOG: Final = 128
_PAUSE_SECONDS: Final = 0.1
"""Until connections are accepted once more where no file can be opened."""


@contextmanager
def side_socket(path: Path, memories: Memories, door: Door) -> Iterator[None]:
    """Take memory over a Unix socket at `path`, on the running event loop.

    Parameters
    ----------
    path
        Where to listen; it is free.
    memories
        What hands out handles.
    door
        Tells who calls.

    Raises
    ------
    OSError
        Where the path cannot be had.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with listener:
        listener.setblocking(False)
        listener.bind(str(path))
        listener.listen(_BACKLOG)
        accepting = _Accepting(listener, memories, door)
        try:
            yield
        finally:
            accepting.close()


class _Accepting:
    """Accepts connections, and knows those that are not over."""

    def __init__(self, listener: socket.socket, memories: Memories, door: Door) -> None:
        self._listener = listener
        self._memories = memories
        self._door = door
        self._connections: set[SideConnection] = set()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(listener, self._accept)
        self._resuming: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Accept no more, and have all end."""
        self._loop.remove_reader(self._listener)
        if self._resuming is not None:
            self._resuming.cancel()
        for connection in tuple(self._connections):
            connection.end()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError:  # no file is free: the listener would stay readable, again and again
            self._loop.remove_reader(self._listener)
            self._resuming = self._loop.call_later(_PAUSE_SECONDS, self._resume)
            return
        connection.setblocking(False)
        if len(self._connections) < MOST_CONNECTIONS:
            forget = self._connections.discard
            self._connections.add(SideConnection(connection, self._memories, self._door, forget))
        else:
            _refuse(connection)

    def _resume(self) -> None:
        self._loop.add_reader(self._listener, self._accept)


def _refuse(connection: socket.socket) -> None:
    with connection:
        answer = f"{MOST_CONNECTIONS} memories are shared already, as many as can be"
        connection.send(sharing.encode_refusal(answer))
