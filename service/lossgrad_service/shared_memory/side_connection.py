"""One connection to the side socket: a file comes, a handle goes, and both end with it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Final

from lossgrad.codecs import sharing
from lossgrad.codecs.sharing import NotShared
from lossgrad_service.access.caller import Door
from lossgrad_service.shared_memory.memories import Memories, on_loop
from lossgrad_service.shared_memory.peer import owner_of

HANDSHAKE_SECONDS: Final = 2.0
"""In which the file has to come."""


class SideConnection:
    """A connection from its acceptance until nothing of its memory is used; on an event loop.

    A caller that ends its side is answered by the end of ours once no call uses its memory
    any more: from then on it may use it again.

    Parameters
    ----------
    connection
        The connection, which does not block.
    memories
        What hands out handles.
    door
        Tells who calls.
    when_gone
        Called with it when it is over.
    """

    def __init__(
        self,
        connection: socket.socket,
        memories: Memories,
        door: Door,
        when_gone: Callable[[SideConnection], object],
    ) -> None:
        self._connection = connection
        self._memories = memories
        self._door = door
        self._when_gone = when_gone
        self._handle: bytes | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(connection, self._read)
        self._late = self._loop.call_later(HANDSHAKE_SECONDS, self.end)

    def end(self) -> None:
        """Take no more of its calls; those under way may go on, and end it when they are over."""
        self._late.cancel()
        self._loop.remove_reader(self._connection)
        if self._handle is None:
            self._close()
        else:
            self._memories.withdraw(self._handle)

    def _close(self) -> None:
        if self._connection.fileno() >= 0:
            self._connection.close()
            self._when_gone(self)

    def _read(self) -> None:
        """Take the file; whatever comes after it is the end."""
        if self._handle is not None:
            self.end()
            return
        try:
            message, descriptors, flags, _ = socket.recv_fds(
                self._connection, sharing.MOST_BYTES, 1, socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return
        except OSError:
            self.end()
            return
        self._answer(message, descriptors, is_whole=not flags & _CUT)

    def _answer(self, message: bytes, descriptors: list[int], *, is_whole: bool) -> None:
        self._late.cancel()
        try:
            if not is_whole or len(descriptors) != 1:
                raise NotShared("a message comes with one descriptor")
            handle = self._shared(message, descriptors[0])
        except NotShared as error:
            self._send(sharing.encode_refusal(str(error)))
            self._loop.remove_reader(self._connection)
            Thread(target=self._close_after, args=(descriptors,), daemon=True).start()
        else:
            os.close(descriptors[0])
            self._send(sharing.encode_handle(handle))

    def _send(self, answer: bytes) -> None:
        with suppress(OSError):
            self._connection.send(answer)

    def _close_after(self, descriptors: list[int]) -> None:
        """End it once descriptors are closed, in a thread.

        That takes as long as whoever made their files likes. As long it is one of the
        connections that there may be, so that there are never many such threads.
        """
        for descriptor in descriptors:
            os.close(descriptor)
        on_loop(self._loop, self._close)

    def _shared(self, message: bytes, descriptor: int) -> bytes:
        """Map a file and return its handle, or raise `NotShared`."""
        token = sharing.decode_request(message)
        owner = owner_of(self._connection, token, self._door)
        self._handle = self._memories.share(descriptor, owner, self._close)
        return self._handle


_CUT: Final = socket.MSG_TRUNC | getattr(socket, "MSG_CTRUNC", 0)
"""Flags of a message of which something is lost."""
