"""The text that Prometheus reads, format 0.0.4; all of it but the numbers is made once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, product
from typing import Final, NamedTuple, TypeAlias

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
from lossgrad_service.metrics.processes import Usage, usage_of
from lossgrad_service.metrics.sampling import PERIOD_SECONDS
from lossgrad_service.metrics.slab import Slab

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Rows: TypeAlias = list[list[float]]
"""Of one worker: of its process, and of one that takes over while both are there."""


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
        places = self._slab.rows()
        sums = [sum(column) for column in zip(*chain.from_iterable(places), strict=True)]
        parts = (*_of_calls(sums), *_of_workers(places), *_of_processes(places), self._build)
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


def _of_workers(places: list[Rows]) -> Iterator[str]:
    for metric in OF_WORKERS:
        yield _head(metric)
        for labels, (number, rows) in product(metric.series, enumerate(places, 1)):
            named = dict(zip(metric.labels, labels, strict=True))
            value = _of_worker(metric, cell_of(metric, *labels), rows)
            yield _sample(metric, value, worker=str(number), **named)


def _of_worker(metric: Metric, cell: int, rows: Rows) -> float:
    """Return what is told of a worker whose process may be about to make room for another."""
    values = [row[cell] for row in rows]
    if metric is LAG:
        values += map(_silence, rows)
    return sum(values) if metric.kind == "counter" else max(values)


def _silence(row: Sequence[float]) -> float:
    """Return the seconds since an event loop should have turned: one that hangs tells nothing."""
    return time.monotonic() - row[TICK] - PERIOD_SECONDS if row[TICK] else 0.0


def _of_processes(places: list[Rows]) -> Iterator[str]:
    """Yield what /proc tells of the processes; nothing of those that have ended meanwhile."""
    asked = ((str(number), _usage(rows)) for number, rows in enumerate(places, 1))
    used = [(number, usage) for number, usage in asked if usage is not None]
    yield _head(RESIDENT)
    yield from (_sample(RESIDENT, usage.resident_bytes, worker=number) for number, usage in used)
    yield _head(CPU)
    yield from (_sample(CPU, usage.cpu_seconds, worker=number) for number, usage in used)


def _usage(rows: Rows) -> Usage | None:
    """Return what the processes of a worker use together."""
    asked = (usage_of(int(row[PID])) for row in rows if row[PID])
    found = [usage for usage in asked if usage is not None]
    if not found:
        return None
    return Usage(
        sum(each.resident_bytes for each in found), sum(each.cpu_seconds for each in found)
    )


def _sample(metric: Metric, value: float, **labels: str) -> str:
    return f"{metric.name}{_labelled(labels)} {_number(value)}\n"


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
