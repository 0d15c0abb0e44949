"""Until when a call is worth working on."""

from __future__ import annotations

import math
from time import monotonic

from lossgrad.errors import Cancelled, DeadlineExceeded


class Deadline:
    """The end of a call: when its time is over, or once nobody waits for it any more.

    `cancel` and `check` may be called by different threads.

    Parameters
    ----------
    seconds
        From now on; infinite where the caller waits for ever.
    """

    __slots__ = ("_end", "_is_cancelled")

    def __init__(self, seconds: float = math.inf) -> None:
        self._end = monotonic() + seconds
        self._is_cancelled = False

    def cancel(self) -> None:
        """Say that nobody waits for the call any more."""
        self._is_cancelled = True

    def remaining(self) -> float:
        """Return the seconds that are left; less than 0 when none are."""
        return self._end - monotonic()

    def check(self) -> None:
        """Return if the call is still worth working on.

        Raises
        ------
        DeadlineExceeded
            When its time is over.
        Cancelled
            After `cancel`.
        """
        if monotonic() >= self._end:
            raise out_of_time()
        if self._is_cancelled:
            raise gone()


def out_of_time() -> DeadlineExceeded:
    """Return the error of a call whose time is over."""
    return DeadlineExceeded(
        "the call's time ran out before its answer; allow more of it, or send fewer rows at a time"
    )


def gone() -> Cancelled:
    """Return the error of a call that nobody waits for any more."""
    return Cancelled("the caller went away before its answer")
