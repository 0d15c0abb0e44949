"""Whether bytes move fast enough."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tempo:
    """How fast bytes must move."""

    idle_seconds: float
    """Longest time in which none moves."""

    seconds: float
    """Longest time for all of them."""

    bytes_per_second: float = 1.0
    """On average, once `idle_seconds` have passed."""


class Pace:
    """The progress of a transfer, looked at from time to time.

    Parameters
    ----------
    tempo
        How fast it must be.
    position
        Bytes moved so far, counted from anywhere.
    now
        The time at which it begins, in seconds.
    """

    def __init__(self, tempo: Tempo, position: int, now: float) -> None:
        self._tempo = tempo
        self._position = position
        self._moved = 0
        self._begun = self._last_moved = self._last_seen = now

    def is_late(self, position: int, now: float) -> bool:
        """Return whether the transfer that has come to `position` is too slow."""
        if position > self._position:
            self._moved += position - self._position
            self._last_moved = now
        self._position = position
        self._last_seen = now
        spent = now - self._begun
        earned = self._tempo.idle_seconds + self._moved / self._tempo.bytes_per_second
        idle = now - self._last_moved
        return idle > self._tempo.idle_seconds or spent > min(earned, self._tempo.seconds)

    def rest(self, now: float) -> None:
        """Leave the time since the last look out: the transfer was held up by us."""
        rested = now - self._last_seen
        self._begun += rested
        self._last_moved += rested
        self._last_seen = now
