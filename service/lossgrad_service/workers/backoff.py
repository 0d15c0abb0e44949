"""Pauses between attempts: twice as long each time, up to a longest."""

from __future__ import annotations


class Backoff:
    """The pauses of attempts in a row; see `reset`."""

    def __init__(self, shortest: float, longest: float) -> None:
        self._shortest = shortest
        self._longest = longest
        self.reset()

    def reset(self) -> None:
        """Begin again with the shortest, as after an attempt that succeeded."""
        self._next = self._shortest

    def next_pause(self) -> float:
        """Return the seconds to wait before the next attempt."""
        pause, self._next = self._next, min(2 * self._next, self._longest)
        return pause
