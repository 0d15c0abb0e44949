"""Connections that belong to the process that opened them.

Neither gRPC channels nor sockets can be shared by a process and its fork. So each
process opens its own on first use, and what it inherited it neither uses nor lets
go of: closing or destroying it would wait for threads that exist in the parent only.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

from lossgrad.transports.closed import closed_error

Opened = TypeVar("Opened")


class PerProcess(Generic[Opened]):
    """Opens a thing once in each process.

    Has no lock, since a fork could inherit it locked: of two threads that open at
    the same time, one's thing is used by both and the other's is dropped.
    """

    def __init__(self, open_: Callable[[], Opened]) -> None:
        self._open = open_
        self._opened: dict[int, Opened] = {}
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._is_closed

    def get(self) -> Opened:
        """Return this process's own, opening it on first use.

        Raises
        ------
        InvalidArgument
            After `close`.
        """
        if self._is_closed:
            raise closed_error()
        process = os.getpid()
        opened = self._opened.get(process)
        return self._opened.setdefault(process, self._open()) if opened is None else opened

    def close(self) -> Opened | None:
        """Refuse further use and hand out this process's own, if any, to be closed."""
        self._is_closed = True
        return self._opened.pop(os.getpid(), None)
