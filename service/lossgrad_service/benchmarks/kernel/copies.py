"""Copies of arrays: what memory alone costs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lossgrad.types import Array
from lossgrad_service.kernels.parallel import in_parallel
from lossgrad_service.kernels.tiles import spans


def copies(*sources: Array) -> Callable[[], None]:
    """Return a function that copies the sources into arrays of its own, on one thread."""
    pairs = [(np.empty_like(source), source) for source in sources]

    def copy() -> None:
        for target, source in pairs:
            np.copyto(target, source)

    return copy


def shared_copies(*sources: Array, threads: int) -> Callable[[], None]:
    """Return a function that copies the sources, each thread an equal share of their rows."""
    parts = [
        (target[span], source[span])
        for target, source in ((np.empty_like(source), source) for source in sources)
        for span in spans(len(source), -(-len(source) // threads))
    ]

    def copy() -> None:
        in_parallel(lambda part: np.copyto(*part), parts, threads)

    return copy
