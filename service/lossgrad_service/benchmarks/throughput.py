"""How many calls a second a server answers, to one caller and to many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from lossgrad_service.benchmarks.callers import Callers, Task
from lossgrad_service.benchmarks.results import RatesByWay
from lossgrad_service.benchmarks.ways import Way, names
from lossgrad_service.benchmarks.workloads import Workload

MANY: Final = 8

COUNTS: Final = (1, MANY)
"""How many call at a time."""

ROUNDS = 3

SECONDS = 0.5
"""Of each way in each round, for each count of callers."""

COUNTED: Final = (names.UNARY_ECHO, names.GRPCIO, names.FASTAPI, names.UNARY, names.BASE64)
"""The ways that are counted."""

BUSY: Final = ("A", "B")
"""The workloads of which there are many at a time."""


def rates(
    callers: Callers, ways: Sequence[Way], targets: Mapping[str, str], workload: Workload
) -> RatesByWay:
    """Return the median rates over rounds in which all ways take their turn."""
    found: dict[str, dict[int, list[float]]] = {
        way.name: {count: [] for count in COUNTS} for way in ways
    }
    for _ in range(ROUNDS):
        for way in ways:
            task = Task(way.name, targets[way.server], workload, SECONDS)
            for count in COUNTS:
                found[way.name][count].append(callers.rate(task, count))
    return {
        name: {count: float(np.median(each)) for count, each in by_count.items()}
        for name, by_count in found.items()
    }
