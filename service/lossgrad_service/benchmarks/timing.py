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

WARMING_SECONDS = 0.02
"""Of calls at the beginning of a turn that are not counted, one at least."""

TURN_SECONDS = 0.1
"""Of those that are, one at least."""


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
    """Return the median wall time of a call in a turn."""
    time.sleep(SETTLING_SECONDS)
    _calls_for(WARMING_SECONDS, call)
    return float(np.median(_calls_for(TURN_SECONDS, call)))


def _calls_for(least: float, call: Call) -> list[float]:
    """Return the wall times of calls for `least` seconds, or of one that takes longer."""
    end = time.perf_counter() + least
    times = [seconds(call)]
    while time.perf_counter() < end:
        times.append(seconds(call))
    return times


def _medians_of_rounds(
    ways: Mapping[str, Call], measure: Callable[[Call], float], rounds: int
) -> dict[str, float]:
    figures = [[measure(call) for call in ways.values()] for _ in range(rounds)]
    return dict(zip(ways, np.median(figures, axis=0).tolist(), strict=True))
