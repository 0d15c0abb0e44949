"""When the steps of a run really began and ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A step that has been: how many users there were, and when."""

    users: int
    began: float
    ended: float


class Timeline:
    """Notes steps as they come; times are seconds since 1970."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin again."""
        self.spans: list[Span] = []
        self._number: int | None = None
        self._users, self._began = 0, 0.0

    def note(self, number: int | None, users: int, now: float) -> None:
        """Note that the step of a number goes on, None for no step; users are those it has."""
        if number == self._number:
            return
        if self._number is not None:
            self.spans.append(Span(self._users, self._began, now))
        self._number, self._users, self._began = number, users, now
