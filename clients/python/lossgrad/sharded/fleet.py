"""Several servers as one: which of them is asked, and who stands in for one that is lost."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence, Set
from contextlib import contextmanager
from itertools import count
from threading import Lock
from typing import Final, Generic, TypeVar, cast

from lossgrad.deadline import Deadline
from lossgrad.endpoints import Endpoint, Reply, Request
from lossgrad.errors import Busy, LossGradError, Unavailable
from lossgrad.retry import is_retryable
from lossgrad.transports.base import AsyncTransport, Transport
from lossgrad.transports.per_process import PerProcess
from lossgrad.transports.withdrawal import require_wanted

Way = TypeVar("Way")
"""The transport to a server, of either kind."""

FIRST_REST: Final = 1.0
"""Seconds that a server which cannot be reached is passed over; they double each time."""

LONGEST_REST: Final = 60.0


class Server(Generic[Way]):
    """One server, and how it fares."""

    def __init__(self, way: Way) -> None:
        self.way = way
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


class Roster(Generic[Way]):
    """What one process knows of the servers.

    A fork has its own: calls that it did not make would be under way for ever, and the lock
    might be held by a thread that it does not have.
    """

    def __init__(self, ways: Sequence[Way]) -> None:
        self._servers = [Server(way) for way in ways]
        self._turns = count(1)
        self._lock = Lock()

    @property
    def size(self) -> int:
        """How many servers there are."""
        return len(self._servers)

    @contextmanager
    def chosen(self, failed: Set[Server[Way]]) -> Generator[Server[Way]]:
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


class Round(Generic[Way]):
    """One attempt, in which every server is asked once at most.

    Parameters
    ----------
    roster
        The servers.
    timeout
        Seconds from now on.
    """

    def __init__(self, roster: Roster[Way], timeout: float) -> None:
        self._roster = roster
        self._deadline = Deadline(timeout)
        self._failed: set[Server[Way]] = set()
        self._hint: Busy | None = None

    @contextmanager
    def asking(self) -> Generator[tuple[Way, float]]:
        """Give the way to the next server, and the seconds that are left.

        Where the with-block fails and another server may help, it ends without the error. Of
        all servers', a busy one's is raised, for its hint.
        """
        with self._roster.chosen(self._failed) as server:
            try:
                yield server.way, self._deadline.remaining()
            except LossGradError as error:
                server.note(error)
                self._failed.add(server)
                if self._ends_with(error):
                    raise
                if self._has_asked_all:
                    raise self._first_hint() from error
                self._keep_hint(error)
            else:
                server.note(None)

    @property
    def _has_asked_all(self) -> bool:
        return len(self._failed) == self._roster.size

    def _ends_with(self, error: LossGradError) -> bool:
        return (
            self._deadline.is_over
            or not is_retryable(error)
            or (self._has_asked_all and self._hint is None)
        )

    def _keep_hint(self, error: LossGradError) -> None:
        if self._hint is None and isinstance(error, Busy):
            # With its traceback it would hold all of the call until the garbage collector comes by.
            self._hint = error.with_traceback(None)

    def _first_hint(self) -> Busy:
        hint, self._hint = self._hint, None
        return cast(Busy, hint)


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
        self._rosters = PerProcess[Roster[Transport]](lambda: Roster(transports))

    def send(self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float) -> Reply:
        """Make one attempt, which is over once every server has failed; see `Transport.send`."""
        round_ = Round(self._rosters.get(), timeout)
        while True:
            require_wanted()
            with round_.asking() as (transport, left):
                return transport.send(endpoint, request, left)

    def close(self) -> None:
        """Close the way to every server."""
        self._rosters.close()
        for transport in self._transports:
            transport.close()


class AsyncFleet:
    """The same for coroutines.

    Parameters
    ----------
    transports
        The way to each server.
    """

    def __init__(self, transports: Sequence[AsyncTransport]) -> None:
        self._transports = transports
        self._rosters = PerProcess[Roster[AsyncTransport]](lambda: Roster(transports))

    async def send(
        self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float
    ) -> Reply:
        """Make one attempt; see `Fleet.send`."""
        round_ = Round(self._rosters.get(), timeout)
        while True:
            with round_.asking() as (transport, left):
                return await transport.send(endpoint, request, left)

    async def close(self) -> None:
        """Close the way to every server."""
        self._rosters.close()
        for transport in self._transports:
            await transport.close()
