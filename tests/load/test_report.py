"""Runs as a table and as a chart."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.image import imread
from rich.console import Console

from load.chart import save_chart
from load.locust_run import Outcome, Run
from load.table import table
from tests.load.drawing import RAMP, row

SILENT = [row(calls=0, calls_per_second=0.0, mean_ms=float("nan"))]


def lines(*outcomes: Outcome) -> list[str]:
    console = Console(width=80)
    with console.capture() as captured:
        console.print(table("ramp", outcomes))
    return captured.get().splitlines()


def test_table_names_the_greatest_throughput_and_the_knee():
    shown = lines(Outcome(Run("tiny", "ramp"), 0, RAMP))[-2].split()
    greatest, knee = ["250", "4", "19", "30"], ["190", "2", "19", "30"]
    assert shown == ["tiny", *greatest, *knee, "kept"]


def test_table_tells_what_was_broken_or_silent():
    shown = lines(Outcome(Run("tiny", "soak"), 1, SILENT))[-2].split()
    assert shown == ["tiny", *"––––––––", "broken"]


def test_table_fits_a_terminal():
    longest = row(calls_per_second=1234.5, users=16, p50_ms=1234.5, p99_ms=12_345.6)
    shown = lines(Outcome(Run("imagenet-http", "steady"), 1, [longest]))[-2].split()
    step = ["1,230", "16", "1,230", "12,300"]
    assert shown == ["imagenet-http", *step, *step, "broken"]


@pytest.mark.parametrize("rows", [RAMP, SILENT], ids=["ramp", "silent"])
def test_chart_is_drawn(tmp_path: Path, rows):
    path = tmp_path / "new" / "chart.png"
    save_chart([Outcome(Run("tiny", "ramp"), 0, rows)] * 3, path)
    assert imread(path).std() > 0
