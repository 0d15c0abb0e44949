"""Several servers as one: which of them is asked, and who stands in for one that is lost."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import count
from threading import Lock
from typing import Final

from lossgrad.endpoints import Endpoint, Reply, Request
from lossgrad.errors import Busy, LossGradError, Unavailable
from lossgrad.retry import is_retryable
from lossgrad.transports.base import Transport
from lossgrad.transports.per_process import PerProcess
from lossgrad.transports.withdrawal import require_wanted

FIRST_REST: Final = 1.0
"""Seconds that a server which cannot be reached is passed over; they double each time."""

LONGEST_REST: Final = 60.0


class Server:
    """One server, and how it fares."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.n_calls = 0
        """Calls that are under way there."""
        self.last_turn = 0
        """When it was last asked, counted in calls."""
        self._rest = 0.0
        self._rests_until = 0.0

    @property
    def is_resting(self) -> bool:
        """Whether it could not be reached a short while ago."""
        return time.monotonic() < self._rests_until

    def note(self, error: LossGradError | None) -> None:
        """Take in what became of a call; None where it was answered."""
        if error is None:
            self._rest = self._rests_until = 0.0
        elif isinstance(error, Unavailable) and not self.is_resting:
            # Of calls that are lost together only the first counts.
            self._rest = min(max(FIRST_REST, 2 * self._rest), LONGEST_REST)
            self._rests_until = time.monotonic() + self._rest


class Roster:
    """What one process knows of the servers.

    A fork has its own: calls that it did not make would be under way for ever, and the lock
    might be held by a thread that it does not have.
    """

    def __init__(self, transports: Sequence[Transport]) -> None:
        self._servers = [Server(transport) for transport in transports]
        self._turns = count(1)
        self._lock = Lock()

    @contextmanager
    def chosen(self, failed: dict[Server, LossGradError]) -> Generator[Server]:
        """Choose a server that has not failed yet, and count the call while it lasts."""
        with self._lock:
            untried = [server for server in self._servers if server not in failed]
            server = min(untried, key=lambda s: (s.is_resting, s.n_calls, s.last_turn))
            server.n_calls += 1
            server.last_turn = next(self._turns)
        try:
            yield server
        finally:
            with self._lock:
                server.n_calls -= 1


class Fleet:
    """A transport to servers of which each gives the same answers.

    One attempt asks the server that has least to do, and where that is lost or busy each of
    the others at once. Servers that were lost are asked last, until they have rested.

    Parameters
    ----------
    transports
        The way to each of them.
    """

    def __init__(self, transports: Sequence[Transport]) -> None:
        self._transports = transports
        self._rosters = PerProcess[Roster](lambda: Roster(transports))

    def send(self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float) -> Reply:
        """Make one attempt, which is over once every server has failed; see `Transport.send`."""
        end = time.monotonic() + timeout
        roster = self._rosters.get()
        failed: dict[Server, LossGradError] = {}
        while True:
            require_wanted()
            with roster.chosen(failed) as server:
                try:
                    reply = server.transport.send(endpoint, request, end - time.monotonic())
                except LossGradError as error:
                    server.note(error)
                    failed[server] = error
                else:
                    server.note(None)
                    return reply
            self._raise_if_over(failed, end)

    def close(self) -> None:
        """Close the way to every server."""
        self._rosters.close()
        for transport in self._transports:
            transport.close()

    def _raise_if_over(self, failed: dict[Server, LossGradError], end: float) -> None:
        """Raise the last error where no other server would help; of all, a busy one's hint."""
        last = list(failed.values())[-1]
        if not is_retryable(last) or time.monotonic() >= end:
            raise last
        if len(failed) == len(self._transports):
            raise next((error for error in failed.values() if isinstance(error, Busy)), last)
