"""What runs have shown as a table, a line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE
from rich.table import Table

from load.knee import busiest, knee
from load.locust_run import Outcome
from load.rows import Row
from load.verdict import Verdict
from lossgrad_service.benchmarks.figures import rounded

FIGURES = ("calls/s", "users", "p50 ms", "p99 ms")


def table(shape: str, outcomes: Sequence[Outcome]) -> Table:
    """Return the step of each run with the greatest throughput, and its knee beside it."""
    title = f"{shape}: greatest throughput, then the knee"
    shown = Table(title=title, title_justify="left", box=SIMPLE, padding=0)
    shown.add_column("workload")
    for heading in (*FIGURES, *FIGURES, "budget"):
        shown.add_column(heading, justify="right")
    for outcome in outcomes:
        shown.add_row(outcome.run.workload, *_figures(outcome), _told(outcome))
    return shown


def _figures(outcome: Outcome) -> Iterator[str]:
    for row in (busiest(outcome.totals), knee(outcome.totals)):
        yield from _told_step(row) if row is not None else "–" * len(FIGURES)


def _told_step(row: Row) -> Iterator[str]:
    for figure in (row.calls_per_second, row.users, row.p50_ms, row.p99_ms):
        yield rounded(figure, 3)


def _told(outcome: Outcome) -> str:
    return "kept" if outcome.exit_code == Verdict.KEPT else "broken"
