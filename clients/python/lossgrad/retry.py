"""When to try again: a policy without input and output, which both clients drive.

A computation is pure, so a retry is always safe. `Busy`, `Unavailable` and a
`Cancelled` that nobody asked for are tried again after an exponential back-off with
full jitter, as long as the call's time lasts and the client has tokens left. Once it
is over, the call ends in the same words whatever the transport said.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from lossgrad.deadline import no_answer_within
from lossgrad.errors import Busy, Cancelled, DeadlineExceeded, LossGradError, Unavailable

RETRYABLE: Final = (Busy, Unavailable, Cancelled)

BASE_PAUSE: Final = 0.2
"""Seconds that the first pause is at most; the limit doubles with each retry."""

LONGEST_PAUSE: Final = 3.0
"""Seconds that a pause is at most, a server's own hint apart."""


@dataclass(frozen=True, slots=True)
class Step:
    """Wait `pause` seconds, then make another attempt, of at most `timeout` seconds."""

    pause: float
    timeout: float


class TokenBucket:
    """Holds a client's retries to a tenth of its calls.

    Each call earns 0.1 token and each retry costs one; the bucket is full at the
    start. So a dead server sees at most 1.1 times the calls, and ten attempts more:
    those carry a client across a restart that takes seconds.
    """

    CAPACITY: Final = 10.0
    EARNED_BY_CALL: Final = 0.1

    def __init__(self) -> None:
        self._tokens = self.CAPACITY
        self._lock = threading.Lock()

    def earn(self) -> None:
        """Count a call."""
        if self._tokens >= self.CAPACITY:  # as long as nothing fails
            return
        with self._lock:
            self._tokens = min(self.CAPACITY, self._tokens + self.EARNED_BY_CALL)

    def spend(self) -> bool:
        """Pay for a retry; False where there is no token left."""
        with self._lock:
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


class RetryPolicy:
    """The retries of one client.

    Parameters
    ----------
    clock : callable
        Gives seconds that never go back.
    draw : callable
        Gives random numbers in [0, 1), for the jitter.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.clock = clock
        self.draw = draw
        self.bucket = TokenBucket()

    def begin(self, timeout: float) -> Attempts:
        """Return the attempts of one call, which may take `timeout` seconds in all.

        When one fails, the caller hands in the error, and gets the next step, or the error
        that ends the call is raised::

            attempts = policy.begin(timeout)
            timeout = attempts.first()
            while True:
                try:
                    return attempt(timeout)
                except LossGradError as error:
                    step = attempts.after(error)
                sleep(step.pause)
                timeout = step.timeout
        """
        self.bucket.earn()
        return Attempts(self, timeout)


class Attempts:
    """The attempts of one call: the first, and what follows each that fails."""

    __slots__ = ("_deadline", "_policy", "_retries", "_timeout")

    def __init__(self, policy: RetryPolicy, timeout: float) -> None:
        self._policy = policy
        self._timeout = timeout
        self._deadline = policy.clock() + timeout
        self._retries = 0

    def first(self) -> float:
        """Return the seconds that the first attempt may take.

        Raises
        ------
        DeadlineExceeded
            Where the call has waited for its turn until there are none.
        """
        remaining = self._deadline - self._policy.clock()
        if remaining <= 0:
            raise no_answer_within(self._timeout)
        return remaining

    def after(self, error: LossGradError) -> Step:
        """Return what to do once an attempt has failed.

        Raises
        ------
        LossGradError
            What ends the call, where another attempt is out of the question.
        """
        try:
            remaining = self._deadline - self._policy.clock()
            if remaining <= 0:
                _end_late(error, self._timeout)
            pause = self._pause(error)
            if not is_retryable(error) or pause >= remaining or not self._policy.bucket.spend():
                raise error
            self._retries += 1
            return Step(pause, remaining - pause)
        finally:
            del error  # its traceback has this frame: all of the call would wait for the collector

    def _pause(self, error: LossGradError) -> float:
        """Return the seconds to wait before the next attempt; a hint is the least."""
        limit = min(BASE_PAUSE * 2.0 ** min(self._retries, 30), LONGEST_PAUSE)
        return (error.retry_after or 0.0) + limit * self._policy.draw()


def is_retryable(error: LossGradError) -> bool:
    """Return whether the same call may succeed later, or elsewhere."""
    is_permanent = isinstance(error, Unavailable) and error.is_permanent
    return isinstance(error, RETRYABLE) and not is_permanent


def _end_late(error: LossGradError, timeout: float) -> NoReturn:
    """Raise what ends a call whose time is over, in the same words for every transport."""
    if isinstance(error, DeadlineExceeded):
        raise no_answer_within(timeout) from error.__cause__
    if is_retryable(error):
        raise DeadlineExceeded(f"{no_answer_within(timeout)}; last: {error}") from error
    raise error
