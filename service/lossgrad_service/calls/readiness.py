"""Whether the server takes calls, as both adapters tell it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

State = Literal["starting", "ready", "draining", "stopped"]


class Readiness:
    """The state of one server: starting, then ready, then draining, then stopped."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.state: State = "starting"
        self._clock = clock
        self._ready_since: float | None = None

    @property
    def is_ready(self) -> bool:
        """Whether new calls are welcome."""
        return self.state == "ready"

    @property
    def is_warm(self) -> bool:
        """Whether every kernel is compiled."""
        return self._ready_since is not None

    @property
    def uptime(self) -> float:
        """Seconds since the server became ready; 0 before."""
        return 0.0 if self._ready_since is None else self._clock() - self._ready_since

    def set_ready(self) -> None:
        """Every port listens, and every kernel is compiled."""
        self.state = "ready"
        self._ready_since = self._clock()

    def set_draining(self) -> None:
        """No new calls, please; those under way will finish."""
        self.state = "draining"

    def set_stopped(self) -> None:
        """No more time to finish: calls that are still under way are cut."""
        self.state = "stopped"
