"""What a step of a run has shown: a row for everything that was asked in it, and one for all."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from load.recorder import Asked, Recorder
from load.timeline import Span
from lossgrad.types import Array

ALL = Asked("all", "all")


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of calls in one step; times are NaN where none was answered."""

    step: int
    users: int
    way: str
    question: str
    calls: int
    failures: int
    calls_per_second: float
    mean_ms: float
    p50_ms: float
    p99_ms: float

    @property
    def is_total(self) -> bool:
        """Whether it counts everything that was asked in its step."""
        return (self.way, self.question) == ALL


def rows_of(recorder: Recorder, spans: Sequence[Span]) -> list[Row]:
    """Return the rows of every step, the total first."""
    return [row for step, span in enumerate(spans, 1) for row in _rows(recorder, step, span)]


def _rows(recorder: Recorder, step: int, span: Span) -> Iterator[Row]:
    found = recorder.between(span.began, span.ended)
    everything = np.concatenate([*found.values(), np.empty(0)])
    for asked, seconds in ((ALL, everything), *found.items()):
        yield _row(step, span, asked, seconds)


def _row(step: int, span: Span, asked: Asked, seconds: Array) -> Row:
    answered = 1e3 * seconds[~np.isnan(seconds)]
    return Row(
        step,
        span.users,
        *asked,
        calls=len(seconds),
        failures=len(seconds) - len(answered),
        calls_per_second=len(answered) / (span.ended - span.began),
        mean_ms=float(answered.mean()) if len(answered) else float("nan"),
        p50_ms=percentile(answered, 50),
        p99_ms=percentile(answered, 99),
    )


def percentile(times: Array, percent: float) -> float:
    """Return the least time that so many percent do not exceed: one that was measured."""
    return (
        float(np.percentile(times, percent, method="inverted_cdf")) if len(times) else float("nan")
    )


def totals(rows: Sequence[Row]) -> list[Row]:
    """Return one row for each step."""
    return [row for row in rows if row.is_total]


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """Write rows as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)])
        writer.writeheader()
        writer.writerows(map(asdict, rows))


def read_rows(path: Path) -> list[Row]:
    """Read the rows that `write_rows` has written."""
    with path.open(newline="") as file:
        return [_read(record) for record in csv.DictReader(file)]


_READ = {"int": int, "float": float, "str": str}


def _read(record: dict[str, str]) -> Row:
    return Row(**{field.name: _READ[str(field.type)](record[field.name]) for field in fields(Row)})
