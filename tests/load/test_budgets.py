"""A budget that is not kept ends a run with an exit code, and with what it was."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from load.budgets import Budget, read_budget
from load.options import BUDGETS
from load.shapes import SHAPES
from load.verdict import Verdict, judge
from load.workloads import WORKLOADS
from tests.load.drawing import RAMP, row

ROW_OF_RAMP = re.compile(r"^\| `([\w-]+)` \| ([\d.,]+) \(\d+\)", re.MULTILINE)

WIDE = Budget(error_rate=0.0, p99_ms=30.0, calls_per_second=50.0)


def broken(budget: Budget, rows=RAMP, error_rate=0.0) -> list[str]:
    verdict, reasons = judge(rows, error_rate, budget)
    assert verdict == (Verdict.BROKEN if reasons else Verdict.KEPT)
    return reasons


def test_limits_that_are_just_reached_are_kept():
    assert broken(replace(WIDE, calls_per_second=240.0)) == []
    assert broken(replace(WIDE, error_rate=0.5), error_rate=0.5) == []


def test_failures_break_it():
    assert broken(WIDE, error_rate=0.001) == ["error rate: 0.10% of all calls, allowed are 0.00%"]


def test_one_slow_step_breaks_it():
    rows = [*RAMP[:3], replace(RAMP[3], p99_ms=30.1)]
    assert broken(WIDE, rows) == ["p99: 30.1 ms in step 4 (users: 8), allowed are 30 ms"]


def test_throughput_is_that_of_the_most_users():
    limit = replace(WIDE, calls_per_second=245.0)
    assert broken(limit) == ["throughput: 240.0 calls/s in step 4 (users: 8), due are 245"]


def test_every_window_of_a_steady_load_counts():
    windows = [row(step=1), row(step=2, calls_per_second=49.0)]
    assert broken(WIDE, windows) == ["throughput: 49.0 calls/s in step 2 (users: 1), due are 50"]


def test_silent_step_keeps_nothing():
    silent = row(calls=0, calls_per_second=0.0, p99_ms=float("nan"))
    assert broken(WIDE, [silent]) == [
        "p99: no answer in step 1 (users: 1), allowed are 30 ms",
        "throughput: 0.0 calls/s in step 1 (users: 1), due are 50",
    ]


def test_run_without_a_step_is_told():
    verdict, (reason,) = judge([], 0.0, WIDE)
    assert verdict == Verdict.NOT_MEASURED != Verdict.KEPT
    assert "no step" in reason


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("workload", WORKLOADS)
def test_every_run_has_a_budget_that_can_be_broken(workload, shape):
    budget = read_budget(BUDGETS, workload, shape)
    assert 0 <= budget.error_rate < 0.01
    assert 0 < budget.p99_ms < 30_000
    assert budget.calls_per_second > 0


def shown_on_two_quiet_cores():
    """Return the greatest throughput of each workload's ramp, as the README has it."""
    text = (BUDGETS.parent / "README.md").read_text()
    table = text[text.index("| workload | most calls/s") :]
    return {name: float(most.replace(",", "")) for name, most in ROW_OF_RAMP.findall(table)}


@pytest.mark.parametrize("workload", WORKLOADS)
def test_four_times_slower_is_told_and_a_slow_machine_is_not(workload):
    shown = shown_on_two_quiet_cores()[workload]
    due = read_budget(BUDGETS, workload, "ramp").calls_per_second
    assert shown / 4 < due < shown / 3


def test_missing_budget_is_refused(tmp_path):
    path = tmp_path / "budgets.toml"
    path.write_text("[tiny]\n")
    with pytest.raises(ValueError, match=r"no \[tiny\] with soak"):
        read_budget(path, "tiny", "soak")
