"""Timing calls in turn, so that a machine that slows down slows all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

Call: TypeAlias = Callable[[], object]
"""What is timed."""

Turn: TypeAlias = list[float]
"""Wall times of calls that followed each other."""

SETTLING_SECONDS = 0.03
"""Before a turn: what threads of OpenMP and BLAS spin for, at most, before they sleep."""

WARMING_SECONDS = 0.02
"""Of calls at the beginning of a turn that are not counted, one at least."""

TURN_SECONDS = 0.1
"""Of those that are, one at least."""

MOST_SECONDS = 10.0
"""Of calls of one way that are counted; it then sits out the rounds that are left."""


def turns(ways: Mapping[str, Call], rounds: int) -> dict[str, list[Turn]]:
    """Return the turns of each way; in a round all take theirs, but those that took long."""
    taken: dict[str, list[Turn]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, call in ways.items():
            if sum(map(sum, taken[name])) < MOST_SECONDS:
                taken[name].append(_turn(call))
    return taken


def settled_medians(ways: Mapping[str, Call], rounds: int) -> dict[str, float]:
    """Return the median wall time of each way in seconds; the median of a turn counts."""
    return {
        name: float(np.median([np.median(turn) for turn in taken]))
        for name, taken in turns(ways, rounds).items()
    }


def calls_for(least: float, call: Call) -> Turn:
    """Return the wall times of calls for `least` seconds, or of one that takes longer."""
    end = time.perf_counter() + least
    times = [_seconds(call)]
    while time.perf_counter() < end:
        times.append(_seconds(call))
    return times


def _turn(call: Call) -> Turn:
    # Ways may keep threads of their own, which would get in each other's way.
    time.sleep(SETTLING_SECONDS)
    calls_for(WARMING_SECONDS, call)
    return calls_for(TURN_SECONDS, call)


def _seconds(call: Call) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
