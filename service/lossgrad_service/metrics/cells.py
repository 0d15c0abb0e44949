"""Where each number stands in a row of the slab: known before the first call, so that calls add."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

from lossgrad_service.metrics.catalogue import OF_CALLS, OF_WORKERS, Metric

PID: Final = 0
"""The cell of the process that writes the row; told to nobody, 0 where there is none."""

TICK: Final = 1
"""The cell of when that process's event loop was last seen to turn, on the system's own clock."""

SEATS: Final = 2
"""Rows of a worker: of its process, and of one that takes over while both are there."""

_SERIES: Final = [
    (metric, labels) for metric in (*OF_CALLS, *OF_WORKERS) for labels in metric.series
]
_ENDS: Final = list(accumulate((metric.width for metric, _ in _SERIES), initial=TICK + 1))

CELLS: Final = _ENDS[-1]
"""Numbers of a row."""

_CELLS: Final = {
    (metric.name, *labels): cell for (metric, labels), cell in zip(_SERIES, _ENDS[:-1], strict=True)
}


def layout_of(series: Iterable[tuple[Metric, tuple[str, ...]]]) -> str:
    """Return a checksum of what stands where in a row."""
    told = [
        (metric.kind, metric.name, *zip(metric.labels, labels, strict=True), metric.buckets)
        for metric, labels in series
    ]
    return f"{zlib.crc32(repr((PID, TICK, SEATS, told)).encode()):08x}"


LAYOUT: Final = layout_of(_SERIES)
"""By which processes know whether they mean the same by the same cells."""

FALLING: Final = (
    PID,
    TICK,
    *(_CELLS[metric.name, *labels] for metric, labels in _SERIES if metric.kind == "gauge"),
)
"""The cells that tell of now, and so of nothing once their process has ended."""


def cell_of(metric: Metric | str, *labels: str) -> int:
    """Return the cell of a series, the first where it has several.

    Raises
    ------
    KeyError
        Where there is no such series.
    """
    return _CELLS[metric if isinstance(metric, str) else metric.name, *labels]
