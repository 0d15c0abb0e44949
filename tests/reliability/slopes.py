"""Whether what a service holds grows: samples at rest, their slopes, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from tests.abuse.served import Holdings

HOUR = 3600.0


@dataclass(frozen=True)
class Sample:
    """What a service held at some time."""

    at: float
    """Seconds."""
    holdings: Holdings


@dataclass(frozen=True)
class Verdict:
    """How what it holds grew."""

    samples: int
    seconds: float
    memory: float
    """Per cent an hour."""
    descriptors: int
    threads: int

    def leaks(self, memory_bar: float) -> tuple[str, ...]:
        """Return the names of what grew, memory by more than some per cent an hour."""
        grew = {
            "memory": self.memory > memory_bar,
            "descriptors": self.descriptors > 0,
            "threads": self.threads > 0,
        }
        return tuple(name for name, is_leak in grew.items() if is_leak)

    def __str__(self) -> str:
        return (
            f"memory {self.memory:+.1f} %/h, descriptors {self.descriptors:+d}, "
            f"threads {self.threads:+d}, of {self.samples} samples in {self.seconds:.0f} s"
        )


def judge(samples: Sequence[Sample]) -> Verdict:
    """Return how what was sampled grew."""
    memory = [sample.holdings.memory for sample in samples]
    times = [sample.at for sample in samples]
    return Verdict(
        len(samples),
        times[-1] - times[0],
        100 * HOUR * slope(times, memory) / median(memory),
        growth([sample.holdings.descriptors for sample in samples]),
        growth([sample.holdings.threads for sample in samples]),
    )


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """Return what values gain in a second: the median over all pairs (Theil and Sen).

    A few samples that are far off, at whatever end, hardly change it.
    """
    points = list(zip(times, values, strict=True))
    return median((w - v) / (u - t) for (t, v), (u, w) in combinations(points, 2))


def growth(counts: Sequence[int]) -> int:
    """Return by how much the least of the last quarter is above the least of the first.

    What is just being closed is in some samples and not in others.
    """
    quarter = max(1, len(counts) // 4)
    return min(counts[-quarter:]) - min(counts[:quarter])
