"""Timing calls in turn, so that a machine that slows down slows all of them."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from lossgrad_service.benchmarks.ways import Call

WARM_UP = 5
"""Calls of each way that are not counted."""


def seconds(call: Call) -> float:
    """Return the wall time of one call."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def medians(ways: Mapping[str, Call], repeats: int) -> dict[str, float]:
    """Return the median wall time of each way over `repeats` rounds of all, in seconds."""
    for call in ways.values():
        for _ in range(WARM_UP):
            call()
    rounds = [[seconds(call) for call in ways.values()] for _ in range(repeats)]
    return dict(zip(ways, np.median(rounds, axis=0).tolist(), strict=True))
