"""Computations at the same time: as many as there are threads, and few that wait."""

from __future__ import annotations

from time import monotonic
from typing import Final

from lossgrad_service.access.refused import Refused
from lossgrad_service.admission.line import Line
from lossgrad_service.admission.patience import SHORTEST_HINT, Clock, patience_of

MOST_WAITING: Final = 64
"""Calls that may wait for a slot; those under way already are not among them."""

_WEIGHT: Final = 0.1
"""That of the last computation in the mean of all."""


class Slots:
    """What each computation holds one of.

    A call that has not begun is refused at once where it would wait too long: behind too
    many others, or judging by how long computations took of late. One that has begun, as a
    stream between its blocks, waits for its turn.

    Parameters
    ----------
    count
        Of computations at the same time.
    most_waiting
        Calls that may wait to begin.
    """

    def __init__(self, count: int, most_waiting: int = MOST_WAITING) -> None:
        self.count = count
        self._most_waiting = most_waiting
        self._line = Line(_Places(count))
        self._n_beginning = 0
        self._mean_seconds = 0.0

    @property
    def n_waiting(self) -> int:
        """How many computations wait for a slot."""
        return len(self._line)

    async def take(self, deadline: Clock) -> float:
        """Take a slot for a call that has not begun; return when, for `give`.

        Raises
        ------
        Busy
            Where it would wait too long; see `patience_of`.
        """
        if not self._line.take(None):
            await self._wait(patience_of(deadline))
        return monotonic()

    async def take_in_turn(self, deadline: Clock) -> float:
        """Take a slot for a call that has begun, when it is its turn; return when, for `give`.

        Raises
        ------
        Cancelled, DeadlineExceeded
            Where `deadline` is over before.
        """
        while not self._line.take(None) and not await self._line.wait(None, deadline.remaining()):
            deadline.check()
        return monotonic()

    def give(self, since: float) -> None:
        """Give back a slot that was taken at some time."""
        self._mean_seconds += _WEIGHT * (monotonic() - since - self._mean_seconds)
        self._line.give(None)

    async def _wait(self, patience: float) -> None:
        expected = (len(self._line) + 1) * self._mean_seconds / self.count
        if self._n_beginning >= self._most_waiting or expected > patience:
            raise _busy(self._n_beginning, expected)
        self._n_beginning += 1
        try:
            if not await self._line.wait(None, patience):
                raise _busy(self._n_beginning, expected)
        finally:
            self._n_beginning -= 1


class _Places:
    """The supply: a number of places, all alike."""

    def __init__(self, count: int) -> None:
        self._free = count

    def take(self, _claim: None) -> bool:
        is_free = self._free > 0
        self._free -= is_free
        return is_free

    def give(self, _claim: None) -> None:
        self._free += 1

    def holds_up(self, _waiting: None, _other: None) -> bool:
        return True


def _busy(waiting: int, expected: float) -> Refused:
    hint = max(expected, SHORTEST_HINT)
    return Refused(
        f"every thread computes and {waiting} calls wait for one; try again in {hint:.2g} s",
        retry_after=hint,
        cause="threads",
    )
