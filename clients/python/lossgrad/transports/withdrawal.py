"""Calls under way that end since nobody wants their answers any more.

Who begins a call in another thread has no hold on it. What it does have is a `Withdrawal`,
which the calls of that thread are told of by a context variable.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

End = Callable[[], object]


class Withdrawn(Exception):
    """Nobody wants the answer; never seen by a caller of the package."""


class Withdrawal:
    """One wish that ends all calls which it covers."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ends: list[End] = []
        self.is_over = False
        """Whether the answers are not wanted any more."""

    def withdraw(self) -> None:
        """End the calls under way, and those that begin later; from any thread."""
        with self._lock:
            self.is_over = True
            ends = tuple(self._ends)
        for end in ends:
            end()

    @contextmanager
    def covering(self) -> Generator[None]:
        """Cover the calls of a with-block, so far as this thread makes them."""
        token = _COVERING.set(self)
        try:
            yield
        finally:
            _COVERING.reset(token)

    @contextmanager
    def ending(self, end: End) -> Generator[None]:
        """Have `end` called where a with-block is still under way as this is withdrawn."""
        with self._lock:
            self._ends.append(end)
            is_late = self.is_over
        if is_late:
            end()
        try:
            yield
        finally:
            with self._lock:
                self._ends.remove(end)


_COVERING: ContextVar[Withdrawal | None] = ContextVar("covering", default=None)


@contextmanager
def withdrawn_by(end: End) -> Generator[None]:
    """Have `end` called where the call of a with-block is withdrawn."""
    withdrawal = _COVERING.get()
    if withdrawal is None:
        yield
    else:
        with withdrawal.ending(end):
            yield


def require_wanted() -> None:
    """Go no further with a call that is withdrawn.

    Raises
    ------
    Withdrawn
        Where nobody wants its answer.
    """
    withdrawal = _COVERING.get()
    if withdrawal is not None and withdrawal.is_over:
        raise Withdrawn
