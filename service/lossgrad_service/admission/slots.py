"""Computations at the same time: as many as there are threads, and few that wait."""

from __future__ import annotations

from collections import Counter
from time import monotonic
from typing import Final, NamedTuple

from lossgrad_service.access.refused import Refused
from lossgrad_service.admission.line import Line, is_full_for
from lossgrad_service.admission.patience import SHORTEST_HINT, Clock, patience_of

MOST_WAITING: Final = 64
"""Calls that may wait for a slot; those under way already are not among them."""

_WEIGHT: Final = 0.1
"""That of the last computation in the mean of all."""

_DOUBT: Final = 1.5
"""Times their mean that those before a call may take."""

_ENDURANCE: Final = 2
"""Times its patience that a call stays in line: hardly anyone who was let in then waits in vain."""


class _Turn(NamedTuple):
    """A slot that is to be held for a caller."""

    caller: str
    is_first: bool = False
    """Whether its call has not begun."""


class Slots:
    """What each computation holds one of.

    Callers take turns, so that who waits for many keeps nobody waiting for more than one. A
    call that has not begun is refused at once where it would wait too long: behind too
    many others, or judging by how long computations took of late. One that has begun, as a
    stream between its blocks, waits for its turn.

    Parameters
    ----------
    count
        Of computations at the same time.
    most_waiting
        Calls that may wait to begin; half of them of one caller.
    """

    def __init__(self, count: int, most_waiting: int = MOST_WAITING) -> None:
        self.count = count
        self._most_waiting = most_waiting
        self._line: Line[_Turn] = Line(_Places(count))
        self._mean_seconds = 0.0

    @property
    def n_waiting(self) -> int:
        """How many computations wait for a slot."""
        return len(self._line)

    async def take(self, caller: str, deadline: Clock) -> float:
        """Take a slot for a call that has not begun; return when, for `give`.

        Raises
        ------
        Busy
            Where it would wait too long; see `patience_of`.
        """
        turn = _Turn(caller, is_first=True)
        if not self._line.take(turn):
            await self._wait(turn, patience_of(deadline))
        return monotonic()

    async def take_in_turn(self, caller: str, deadline: Clock) -> float:
        """Take a slot for a call that has begun, when it is its turn; return when, for `give`.

        Raises
        ------
        Cancelled, DeadlineExceeded
            Where `deadline` is over before.
        """
        turn = _Turn(caller)
        while not self._line.take(turn) and not await self._line.wait(turn, deadline.remaining()):
            deadline.check()
        return monotonic()

    def give(self, since: float) -> None:
        """Give back a slot that was taken at some time."""
        self._mean_seconds += _WEIGHT * (monotonic() - since - self._mean_seconds)
        self._line.give(_NOBODYS)

    async def _wait(self, turn: _Turn, patience: float) -> None:
        waiting = [other for other in self._line.waiting if other.is_first]
        before, each = self._n_before(turn.caller), self._mean_seconds / self.count
        is_full = is_full_for(turn.caller, waiting, self._most_waiting)
        is_late = (_DOUBT * before + 1) * each > patience
        if is_full or is_late or not await self._line.wait(turn, _ENDURANCE * patience):
            raise _busy(len(waiting), expected=(before + 1) * each)

    def _n_before(self, caller: str) -> int:
        """Return how many of those that wait have their turn before another of a caller."""
        waiting = Counter(turn.caller for turn in self._line.waiting)
        return sum(min(n, waiting[caller] + 1) for n in waiting.values())


class _Places:
    """The supply: a number of places, all alike."""

    def __init__(self, count: int) -> None:
        self._free = count

    def take(self, _turn: _Turn) -> bool:
        is_free = self._free > 0
        self._free -= is_free
        return is_free

    def give(self, _turn: _Turn) -> None:
        self._free += 1

    def holds_up(self, _waiting: _Turn, _other: _Turn) -> bool:
        return True


_NOBODYS: Final = _Turn("")
"""Of a slot that is given back: they are all alike."""


def _busy(waiting: int, expected: float) -> Refused:
    hint = max(expected, SHORTEST_HINT)
    return Refused(
        f"every thread computes and {waiting} calls wait for one; try again in {hint:.2g} s",
        retry_after=hint,
        cause="threads",
    )
