"""Timing calls in turn, so that a machine that slows down slows all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

from lossgrad_service.benchmarks.ways import Call

WARM_UP = 5
"""Calls of each way that are not counted."""

SETTLING_SECONDS = 0.03
"""Before a turn: what threads of OpenMP and BLAS spin for, at most, before they sleep."""

TURN_SECONDS = 0.03
"""Of counted calls in a turn, or one that takes longer."""


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
    return _medians_of_rounds(ways, seconds, repeats)


def settled_medians(ways: Mapping[str, Call], rounds: int) -> dict[str, float]:
    """Return the same of ways that keep threads of their own, which would get in each other's way.

    A round is one turn of each way, of which the median counts.
    """
    return _medians_of_rounds(ways, _settled_seconds, rounds)


def _settled_seconds(call: Call) -> float:
    """Return the median wall time in a turn: a pause, a call that warms up, calls that count."""
    time.sleep(SETTLING_SECONDS)
    call()
    counted = [seconds(call)]
    while sum(counted) < TURN_SECONDS:
        counted.append(seconds(call))
    return float(np.median(counted))


def _medians_of_rounds(
    ways: Mapping[str, Call], measure: Callable[[Call], float], rounds: int
) -> dict[str, float]:
    figures = [[measure(call) for call in ways.values()] for _ in range(rounds)]
    return dict(zip(ways, np.median(figures, axis=0).tolist(), strict=True))
