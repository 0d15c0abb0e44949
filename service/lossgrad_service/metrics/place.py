"""The place of one worker, which outlasts the processes that take it."""

from __future__ import annotations

import os
import time

from lossgrad_service.metrics.catalogue import READY, RESTARTS, START_TIME
from lossgrad_service.metrics.cells import FALLING, PID, cell_of
from lossgrad_service.metrics.slab import Slab

_READY, _RESTARTS, _START_TIME = cell_of(READY), cell_of(RESTARTS), cell_of(START_TIME)


class Place:
    """A row of a slab, and what is told of the process that writes it.

    The supervisor writes only while no process has the place.

    Parameters
    ----------
    slab
        Of all places.
    number
        Which of them, from 0.
    """

    def __init__(self, slab: Slab, number: int) -> None:
        self.slab = slab
        self.number = number
        self.row = slab.row(number)

    @classmethod
    def alone(cls) -> Place:
        """Return that of a process that shares its numbers with no other."""
        return cls(Slab.alone(), 0)

    def take(self) -> None:
        """Write for this process from now on."""
        self.leave()
        self.row[_START_TIME] = time.time()
        self.row[PID] = os.getpid()

    def set_ready(self, is_ready: bool) -> None:
        """Tell whether the process takes calls."""
        self.row[_READY] = is_ready

    def leave(self) -> None:
        """Forget what was of now: the process that had the place has ended."""
        for cell in FALLING:
            self.row[cell] = 0.0

    def count_restart(self) -> None:
        """Count that another process is started here."""
        self.row[_RESTARTS] += 1.0
