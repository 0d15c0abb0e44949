"""The place of one worker, which outlasts the processes that sit there."""

from __future__ import annotations

import os
import time

from lossgrad_service.metrics.catalogue import READY, RESTARTS, START_TIME, Restart
from lossgrad_service.metrics.cells import FALLING, PID, TICK, cell_of
from lossgrad_service.metrics.slab import Slab

_READY, _START_TIME = cell_of(READY), cell_of(START_TIME)


class Place:
    """A row of a slab, and what is told of the process that writes it.

    The supervisor writes what it counts, and the rest only while no process has the seat.

    Parameters
    ----------
    slab
        Of all places.
    number
        Which of them, from 0.
    seat
        Which of that place's.
    """

    def __init__(self, slab: Slab, number: int, seat: int = 0) -> None:
        self.slab = slab
        self.number = number
        self.seat = seat
        self.row = slab.row(number, seat)

    @classmethod
    def alone(cls) -> Place:
        """Return that of a process that shares its numbers with no other."""
        return cls(Slab.alone(), 0)

    @property
    def tick(self) -> float:
        """Another number whenever the process's event loop was seen to turn, 0 before that."""
        return self.row[TICK]

    def others_are_ready(self) -> bool:
        """Return whether any process takes calls; asked by one that does not."""
        return any(row[_READY] for rows in self.slab.rows() for row in rows)

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

    def count_restart(self, cause: Restart) -> None:
        """Count a process that ended or was replaced."""
        self.row[cell_of(RESTARTS, cause)] += 1.0
