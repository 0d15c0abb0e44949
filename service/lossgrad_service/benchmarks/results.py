"""What was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeAlias

import numpy as np

from lossgrad_service.benchmarks.timing import Turn
from lossgrad_service.benchmarks.workloads import Workload


@dataclass(frozen=True, slots=True)
class Times:
    """How long calls took."""

    median: float
    """Seconds."""
    p99: float
    """Seconds that one call in a hundred exceeds; of fewer calls nearly the longest."""
    calls: int

    @classmethod
    def of(cls, turns: Sequence[Turn]) -> Self:
        """Return the figures of all calls in all turns."""
        seconds = np.concatenate(turns)
        median, p99 = np.quantile(seconds, (0.5, 0.99)).tolist()
        return cls(median, p99, len(seconds))


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident bytes of a server, all its processes together."""

    idle: int
    """After a small call."""
    peak: int

    @property
    def above_idle(self) -> int:
        """Return by how much it grew."""
        return self.peak - self.idle


@dataclass(frozen=True, slots=True)
class Streamed:
    """What a call took that is larger than memory."""

    gibibytes: int
    """Of scores; dScores are as many."""
    seconds: float
    memory: Memory


TimesByWay: TypeAlias = Mapping[str, Times | None]
"""By name; None where a way does not take the workload."""

RatesByWay: TypeAlias = Mapping[str, Mapping[int, float]]
"""Calls per second by name, and by how many callers there were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All of a run; empty is what it was not asked for."""

    times: Mapping[Workload, TimesByWay] = field(default_factory=dict)
    rates: Mapping[Workload, RatesByWay] = field(default_factory=dict)
    memory: Mapping[str, Memory] = field(default_factory=dict)
    """By way to the server, of calls with the largest workload."""
    streamed: Streamed | None = None
