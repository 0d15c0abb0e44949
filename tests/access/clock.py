"""A clock that a test sets."""

from __future__ import annotations


class Clock:
    now = 0.0

    def __call__(self):
        return self.now
