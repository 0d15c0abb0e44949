"""Copies of arrays by several threads."""

from __future__ import annotations

import numpy as np

from lossgrad.types import Array
from lossgrad_service.benchmarks.copies import Copy
from lossgrad_service.kernels.matrices.tiles import spans
from lossgrad_service.kernels.parallel import in_parallel


def shared_copies(*sources: Array, threads: int) -> Copy:
    """Return a function that copies some arrays, each thread as many of their rows."""
    targets = [np.empty_like(source) for source in sources]
    parts = [
        (target[span], source[span])
        for target, source in zip(targets, sources, strict=True)
        for span in spans(len(source), -(-len(source) // threads))
    ]

    def copy() -> list[Array]:
        in_parallel(lambda part: np.copyto(*part), parts, threads)
        return targets

    return copy
