"""Where a ramp saturates the service, and what most it does."""

from __future__ import annotations

from collections.abc import Sequence

from load.rows import Row


def knee(totals: Sequence[Row]) -> Row | None:
    """Return the step of the greatest power, None where nothing was answered.

    Power is throughput divided by mean latency. Up to its greatest value more users gain
    more throughput than they cost in waiting, from there on the reverse: L. Kleinrock,
    Power and deterministic rules of thumb for probabilistic problems in computer
    communications, ICC 1979.
    """
    return max(_answered(totals), key=lambda row: row.calls_per_second / row.mean_ms, default=None)


def busiest(totals: Sequence[Row]) -> Row | None:
    """Return the step of the greatest throughput, None where nothing was answered."""
    return max(_answered(totals), key=lambda row: row.calls_per_second, default=None)


def _answered(totals: Sequence[Row]) -> list[Row]:
    return [row for row in totals if row.calls_per_second]
