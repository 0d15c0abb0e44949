"""How long a call waits to be let in, and when it is told to come again."""

from __future__ import annotations

from typing import Final, Protocol

LONGEST_WAIT: Final = 5.0
"""Seconds that a call waits at most, whatever its deadline."""

SHORTEST_HINT: Final = 0.1
"""Seconds after which a call that is refused is told to come again, at the earliest."""


class Clock(Protocol):
    """A deadline, as it is looked at here."""

    def remaining(self) -> float:
        """Return the seconds that are left."""
        ...

    def check(self) -> None:
        """Raise where none are left, or nobody waits any more."""
        ...


def patience_of(deadline: Clock) -> float:
    """Return the seconds that a call may wait: half of those it has, and `LONGEST_WAIT` at most."""
    return max(0.0, min(deadline.remaining() / 2, LONGEST_WAIT))
