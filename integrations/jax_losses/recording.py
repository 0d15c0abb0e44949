"""A client that remembers what it was asked."""

from __future__ import annotations

import threading

import lossgrad


class Recording(lossgrad.Client):
    """Computes in this process, and keeps the `want` of each call."""

    def __init__(self):
        super().__init__("local:")
        self.wanted = []
        self._lock = threading.Lock()

    def compute(self, **arguments):
        with self._lock:
            self.wanted.append(tuple(arguments["want"]))
        return super().compute(**arguments)

    def taken(self):
        """Return what was asked since this was asked."""
        with self._lock:
            taken, self.wanted = self.wanted, []
        return taken
