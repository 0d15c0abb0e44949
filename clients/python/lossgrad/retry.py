"""When to try again: a policy without input and output, which both clients drive.

A computation is pure, so a retry is always safe. `Busy`, `Unavailable` and a
`Cancelled` that nobody asked for are tried again after an exponential back-off with
full jitter, as long as the call's time lasts and the client has tokens left.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import count
from typing import Final

from lossgrad.errors import Busy, Cancelled, DeadlineExceeded, LossGradError, Unavailable

RETRYABLE: Final = (Busy, Unavailable, Cancelled)

BASE_PAUSE: Final = 0.2
"""Seconds that the first pause is at most; the limit doubles with each retry."""

LONGEST_PAUSE: Final = 3.0
"""Seconds that a pause is at most, a server's own hint apart."""


@dataclass(frozen=True, slots=True)
class Step:
    """Wait `pause` seconds, then make an attempt of at most `timeout` seconds."""

    pause: float
    timeout: float


Flow = Generator[Step, LossGradError, None]


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
        self._clock = clock
        self._draw = draw
        self._bucket = TokenBucket()

    def flow(self, timeout: float) -> Flow:
        """Yield what to do next for one call, and take in what came of it.

        The caller makes the attempt of each step; if it fails, it sends the error
        in and gets the next step, or the error that ends the call is raised::

            flow = policy.flow(timeout)
            step = next(flow)
            while True:
                try:
                    return attempt(step.timeout)
                except LossGradError as error:
                    step = flow.send(error)
                sleep(step.pause)

        Parameters
        ----------
        timeout : float
            Seconds that all attempts and pauses together may take.
        """
        deadline = self._clock() + timeout
        self._bucket.earn()
        pause = 0.0
        for retry in count():
            error = yield Step(pause, deadline - self._clock() - pause)
            pause = self._pause(error, retry)
            self._check(error, pause, deadline - self._clock())

    def _pause(self, error: LossGradError, retry: int) -> float:
        """Return the seconds to wait before retry number `retry`; a hint is the least."""
        limit = min(BASE_PAUSE * 2.0 ** min(retry, 30), LONGEST_PAUSE)
        hint = error.retry_after if isinstance(error, Busy) else None
        return (hint or 0.0) + limit * self._draw()

    def _check(self, error: LossGradError, pause: float, remaining: float) -> None:
        """Raise what ends the call, where another attempt is out of the question."""
        if not isinstance(error, RETRYABLE):
            raise error
        if remaining <= 0:
            raise DeadlineExceeded(f"no time is left for a retry; last: {error}") from error
        if pause >= remaining or not self._bucket.spend():
            raise error
