"""What a run must keep: limits on errors, on the 99th percentile and on throughput."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from load.rows import Row


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one workload in one shape."""

    error_rate: float
    """Largest share of failed calls, of the whole run."""
    p99_ms: float
    """Largest 99th percentile of any step."""
    calls_per_second: float
    """Least throughput of any step that has the most users."""

    def broken(self, totals: Sequence[Row], error_rate: float) -> Iterator[str]:
        """Yield in a line each what was not kept; a step without an answer keeps nothing."""
        if error_rate > self.error_rate:
            yield f"error rate: {error_rate:.2%} of all calls, allowed are {self.error_rate:.2%}"
        for row in totals:
            if not row.p99_ms <= self.p99_ms:
                yield _too_slow(row, self.p99_ms)
        for row in _busiest(totals):
            if row.calls_per_second < self.calls_per_second:
                yield _too_few(row, self.calls_per_second)


def read_budget(path: Path, workload: str, shape: str) -> Budget:
    """Return a budget of a TOML file.

    Raises
    ------
    ValueError
        Where the file has none of that name.
    """
    limits = tomllib.loads(path.read_text()).get(workload, {}).get(shape)
    if limits is None:
        raise ValueError(f"budgets: {path} has no [{workload}] with {shape}; add it there")
    return Budget(**limits)


def _too_slow(row: Row, allowed: float) -> str:
    found = f"{row.p99_ms:.1f} ms" if row.calls_per_second else "no answer"
    return f"p99: {found} {_where(row)}, allowed are {allowed:g} ms"


def _too_few(row: Row, due: float) -> str:
    return f"throughput: {row.calls_per_second:.1f} calls/s {_where(row)}, due are {due:g}"


def _busiest(totals: Sequence[Row]) -> Iterator[Row]:
    most = max(row.users for row in totals)
    return (row for row in totals if row.users == most)


def _where(row: Row) -> str:
    return f"in step {row.step} (users: {row.users})"
