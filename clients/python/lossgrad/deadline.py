"""Until when a caller waits for an answer, and what it is told then."""

from __future__ import annotations

import time

from lossgrad.errors import DeadlineExceeded


class Deadline:
    """The end of one attempt, whatever it has to wait for before the call itself.

    Parameters
    ----------
    timeout
        Seconds from now on.
    """

    __slots__ = ("_end", "_timeout")

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._end = time.monotonic() + timeout

    @property
    def is_over(self) -> bool:
        """Whether no seconds are left."""
        return time.monotonic() >= self._end

    def remaining(self) -> float:
        """Return the seconds that are left.

        Raises
        ------
        DeadlineExceeded
            Where there are none.
        """
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise no_answer_within(self._timeout)
        return seconds


def no_answer_within(timeout: float) -> DeadlineExceeded:
    """Return the error of a caller that has waited `timeout` seconds for nothing."""
    return DeadlineExceeded(f"no answer within {timeout:g} s")
