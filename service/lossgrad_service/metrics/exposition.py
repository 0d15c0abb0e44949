"""The text that Prometheus reads, format 0.0.4; all of it but the numbers is made once."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from lossgrad_service.metrics.catalogue import (
    BUILD,
    CPU,
    LAG,
    OF_CALLS,
    OF_WORKERS,
    RESIDENT,
    Metric,
)
from lossgrad_service.metrics.cells import PID, TICK, cell_of
from lossgrad_service.metrics.processes import usage_of
from lossgrad_service.metrics.sampling import PERIOD_SECONDS
from lossgrad_service.metrics.slab import Slab

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class _Line(NamedTuple):
    """The text of a line before its number, and the cell of that."""

    text: str
    cell: int


class _Histogram(NamedTuple):
    """The texts of a series' lines, and the cell of its sum, which its buckets follow."""

    bucket_texts: list[str]
    sum_text: str
    count_text: str
    cell: int


class Exposition:
    """The numbers of all workers, whichever of them tells them.

    Parameters
    ----------
    slab
        Of the numbers.
    build
        The labels of ``lossgrad_build_info``: what runs.
    """

    def __init__(self, slab: Slab, build: Mapping[str, str]) -> None:
        self._slab = slab
        self._build = f"{_head(BUILD)}{BUILD.name}{_labelled(build)} 1\n"

    def text(self) -> bytes:
        """Return the metrics as they are now."""
        rows = self._slab.rows()
        sums = [sum(column) for column in zip(*rows, strict=True)]
        parts = (*_of_calls(sums), *_of_workers(rows), *_of_processes(rows), self._build)
        return "".join(parts).encode()


def _of_calls(sums: Sequence[float]) -> Iterator[str]:
    for head, series in _CALLS:
        yield head
        for each in series:
            if isinstance(each, _Line):
                yield f"{each.text}{_number(sums[each.cell])}\n"
            else:
                yield from _of_histogram(each, sums)


def _of_histogram(histogram: _Histogram, sums: Sequence[float]) -> Iterator[str]:
    """Yield the lines of a series; each bucket's count has those of all smaller ones in it."""
    total, first = 0.0, histogram.cell + 1
    for cell, text in enumerate(histogram.bucket_texts, first):
        total += sums[cell]
        yield f"{text}{_number(total)}\n"
    yield f"{histogram.sum_text}{_number(sums[histogram.cell])}\n"
    yield f"{histogram.count_text}{_number(total)}\n"


def _of_workers(rows: list[list[float]]) -> Iterator[str]:
    for metric in OF_WORKERS:
        values = [row[cell_of(metric)] for row in rows]
        if metric is LAG:
            values = [max(lag, _silence(row)) for lag, row in zip(values, rows, strict=True)]
        yield from _by_worker(metric, enumerate(values, 1))


def _silence(row: Sequence[float]) -> float:
    """Return the seconds since an event loop should have turned: one that hangs tells nothing."""
    return time.monotonic() - row[TICK] - PERIOD_SECONDS if row[TICK] else 0.0


def _of_processes(rows: list[list[float]]) -> Iterator[str]:
    """Yield what /proc tells of the processes; nothing of one that has ended meanwhile."""
    asked = ((number, usage_of(int(row[PID]))) for number, row in enumerate(rows, 1) if row[PID])
    used = [(number, usage) for number, usage in asked if usage is not None]
    yield from _by_worker(RESIDENT, ((number, usage.resident_bytes) for number, usage in used))
    yield from _by_worker(CPU, ((number, usage.cpu_seconds) for number, usage in used))


def _by_worker(metric: Metric, values: Iterable[tuple[int, float]]) -> Iterator[str]:
    yield _head(metric)
    for number, value in values:
        yield f'{metric.name}{{worker="{number}"}} {_number(value)}\n'


def _head(metric: Metric) -> str:
    return f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind}\n"


def _labelled(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _line(metric: Metric, labels: tuple[str, ...]) -> _Line:
    named = _labelled(dict(zip(metric.labels, labels, strict=True)))
    return _Line(f"{metric.name}{named} ", cell_of(metric, *labels))


def _histogram(metric: Metric, labels: tuple[str, ...]) -> _Histogram:
    named = dict(zip(metric.labels, labels, strict=True))
    bounds = [*map(repr, metric.buckets), "+Inf"]
    return _Histogram(
        [f"{metric.name}_bucket{_labelled({**named, 'le': bound})} " for bound in bounds],
        f"{metric.name}_sum{_labelled(named)} ",
        f"{metric.name}_count{_labelled(named)} ",
        cell_of(metric, *labels),
    )


def _series(metric: Metric) -> list[_Line | _Histogram]:
    make = _histogram if metric.kind == "histogram" else _line
    return [make(metric, labels) for labels in metric.series]


_CALLS: Final = [(_head(metric), _series(metric)) for metric in OF_CALLS]
