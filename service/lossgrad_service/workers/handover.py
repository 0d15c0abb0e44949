"""How a worker comes by its place in the memory of numbers: on its command line."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

from lossgrad_service.metrics import Place, Slab
from lossgrad_service.metrics.cells import LAYOUT

_log = logging.getLogger(__name__)


def arguments_of(descriptor: int, place: Place) -> tuple[str, ...]:
    """Return the arguments of the worker whose place it is, given the slab's descriptor."""
    numbers = (descriptor, place.number, place.seat, place.slab.places)
    return *map(str, numbers), LAYOUT


def place_in(arguments: Sequence[str]) -> Place:
    """Return the place that a process was given, and close the descriptor.

    A supervisor that was not restarted with an upgrade lays out the numbers as its own
    version does: then the process counts alone, as serving matters more than counting.
    """
    if list(arguments[4:]) != [LAYOUT]:
        # What the numbers are is another version's to know: nothing is closed by them.
        _log.warning(
            "the supervisor is of another version, which counts in other places of memory: this "
            "worker counts alone, and /metrics tells of nothing else where it answers; restart "
            "the service, supervisor and all"
        )
        return Place.alone()
    descriptor, number, seat, places = map(int, arguments[:4])
    slab = Slab.at(descriptor, places)
    os.close(descriptor)
    return Place(slab, number, seat)
