"""Closing so that the last answer is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class LingeringTransport(asyncio.Transport):
    """A transport that waits, when closed, for a peer that still sends.

    The kernel answers what arrives at a closed socket by a reset, upon which the peer may
    lose what it has not read: the very answer that tells why it should stop. So where more
    is expected, only our half is closed. What still comes is for the protocol to drop,
    until the peer closes its half or the transport is aborted.

    Parameters
    ----------
    transport
        The socket's own.
    expects_more
        Whether the peer may be sending.
    """

    def __init__(self, transport: asyncio.Transport, expects_more: Callable[[], bool]) -> None:
        super().__init__()
        self._transport = transport
        self._expects_more = expects_more
        self.is_lingering = False

    def is_closing(self) -> bool:
        """Return whether nothing more is to be read or written."""
        return self.is_lingering or self._transport.is_closing()

    def close(self) -> None:
        """Send what is written; then close at once, or as soon as the peer does."""
        if self.is_closing():
            return
        # TLS has no halves.
        if self._expects_more() and self._transport.can_write_eof():
            self.is_lingering = True
            self._transport.write_eof()
            self._transport.resume_reading()
        else:
            self._transport.close()

    def abort(self) -> None:
        """Close at once; what the peer has not read is lost."""
        self._transport.abort()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send `data`, or keep it until it can be sent."""
        self._transport.write(data)

    def get_write_buffer_size(self) -> int:
        """Return how many bytes are kept until they can be sent."""
        return self._transport.get_write_buffer_size()

    def pause_reading(self) -> None:
        """Let the peer wait."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take up reading again."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the socket's own transport knows by this name."""
        return self._transport.get_extra_info(name, default)
