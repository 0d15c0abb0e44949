"""Computations at the same time: as many as there are threads, and few that wait."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from time import monotonic
from typing import Final

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


@dataclass(slots=True, eq=False)
class Turn:
    """A slot that a caller is to have, or has."""

    caller: str
    is_first: bool = False
    """Whether its call has not begun."""
    is_spare: bool = False
    """Whether it has a spare slot."""
    since: float = 0.0
    """When it was taken."""


class Slots:
    """What each computation holds one of.

    Who computes nothing need not wait for what others compute, which may take long: a spare
    slot is for a caller who has no other.

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
    spares
        Spare slots.
    """

    def __init__(self, count: int, most_waiting: int = MOST_WAITING, spares: int = 0) -> None:
        self.count = count
        self._most_waiting = most_waiting
        self._places = _Places(count, spares)
        self._line: Line[Turn] = Line(self._places)
        self._mean_seconds = 0.0

    @property
    def n_waiting(self) -> int:
        """How many computations wait for a slot."""
        return len(self._line)

    async def take(self, caller: str, deadline: Clock) -> Turn:
        """Take a slot for a call that has not begun; return it, for `give`.

        Raises
        ------
        Busy
            Where it would wait too long; see `patience_of`.
        """
        turn, patience = Turn(caller, is_first=True), patience_of(deadline)
        if not self._line.take(turn):
            self._require_soon(caller, patience)
            if not await self._line.wait(turn, _ENDURANCE * patience):
                raise self._busy(caller)
        turn.since = monotonic()
        return turn

    def require(self, caller: str, deadline: Clock) -> None:
        """Look whether a call that has not begun may hope for a slot, before any of it is read.

        Raises
        ------
        Busy
            As `take` would.
        """
        if not self._places.has(caller):
            self._require_soon(caller, patience_of(deadline))

    async def take_in_turn(self, caller: str, deadline: Clock) -> Turn:
        """Take a slot for a call that has begun, when it is its turn; return it, for `give`.

        Raises
        ------
        Cancelled, DeadlineExceeded
            Where `deadline` is over before.
        """
        turn = Turn(caller)
        while not self._line.take(turn) and not await self._line.wait(turn, deadline.remaining()):
            deadline.check()
        turn.since = monotonic()
        return turn

    def give(self, turn: Turn) -> None:
        """Give back a slot."""
        if not turn.is_spare:  # whose computations nobody waits for
            self._mean_seconds += _WEIGHT * (monotonic() - turn.since - self._mean_seconds)
        self._line.give(turn)

    def _require_soon(self, caller: str, patience: float) -> None:
        is_full = is_full_for(caller, self._waiting_first, self._most_waiting)
        if is_full or self._expected(_DOUBT * self._n_before(caller)) > patience:
            raise self._busy(caller)

    @property
    def _waiting_first(self) -> list[Turn]:
        return [turn for turn in self._line.waiting if turn.is_first]

    def _expected(self, before: float) -> float:
        """Return the seconds until a computation is done that comes after so many."""
        return (before + 1) * self._mean_seconds / self.count

    def _busy(self, caller: str) -> Refused:
        return _busy(len(self._waiting_first), self._expected(self._n_before(caller)))

    def _n_before(self, caller: str) -> int:
        """Return how many of those that wait have their turn before another of a caller."""
        waiting = Counter(turn.caller for turn in self._line.waiting)
        return sum(min(n, waiting[caller] + 1) for n in waiting.values())


class _Places:
    """The supply: a number of places, and some that are spare."""

    def __init__(self, count: int, spares: int) -> None:
        self._free = {False: count, True: spares}
        """By whether they are spare."""
        self._held: Counter[str] = Counter()

    def has(self, caller: str) -> bool:
        """Return whether one of them is free for a caller."""
        return self._free[self._is_spare_for(caller)] > 0

    def take(self, turn: Turn) -> bool:
        is_spare = self._is_spare_for(turn.caller)
        if not self._free[is_spare]:
            return False
        turn.is_spare = is_spare
        self._free[is_spare] -= 1
        self._held[turn.caller] += 1
        return True

    def _is_spare_for(self, caller: str) -> bool:
        """Return of which kind a caller's next place is."""
        return not self._free[False] and not self._held[caller]

    def give(self, turn: Turn) -> None:
        self._free[turn.is_spare] += 1
        self._held[turn.caller] -= 1
        if not self._held[turn.caller]:
            del self._held[turn.caller]

    def holds_up(self, _waiting: Turn, _other: Turn) -> bool:
        """Return that nobody is: who waits could have nothing of what there is now."""
        return False


def _busy(waiting: int, expected: float) -> Refused:
    hint = max(expected, SHORTEST_HINT)
    return Refused(
        f"every thread computes and {waiting} calls wait for one; try again in {hint:.2g} s",
        retry_after=hint,
        cause="threads",
    )
