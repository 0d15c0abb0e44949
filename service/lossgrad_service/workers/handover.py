"""How a worker comes by its place in the memory of numbers: on its command line."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lossgrad_service.metrics import Place, Slab


def arguments_of(descriptor: int, place: Place) -> tuple[str, ...]:
    """Return the arguments of the worker whose place it is, given the slab's descriptor."""
    return str(descriptor), str(place.number), str(place.slab.places)


def place_in(arguments: Sequence[str]) -> Place:
    """Return the place that a process was given, and close the descriptor."""
    descriptor, number, places = map(int, arguments)
    slab = Slab.at(descriptor, places)
    os.close(descriptor)
    return Place(slab, number)
