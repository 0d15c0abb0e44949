"""What is said of a run at its end, and its exit code."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from load.budgets import Budget
from load.rows import Row, totals


class Verdict(IntEnum):
    """How a run went, as its exit code."""

    KEPT = 0
    BROKEN = 1
    NOT_MEASURED = 2


def judge(rows: Sequence[Row], error_rate: float, budget: Budget) -> tuple[Verdict, list[str]]:
    """Hold a run against its budget; returns why, a line each, where it was not kept."""
    steps = totals(rows)
    if not steps:
        return Verdict.NOT_MEASURED, ["no step was measured to its end"]
    broken = list(budget.broken(steps, error_rate))
    return (Verdict.BROKEN if broken else Verdict.KEPT), broken
