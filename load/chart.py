"""Latency against throughput as a PNG: a panel for each run, and its knee."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

from load.knee import knee
from load.locust_run import Outcome
from load.rows import Row
from lossgrad_service.benchmarks.panels import BLUE, COLUMNS, FAINT, INK, ORANGE

INCHES_PER_PANEL = 2.6
ABOVE = 3
"""Room above the slowest: so many times its latency."""


def save_chart(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw the median and the 99th percentile of every step over its throughput."""
    rows = -(-len(outcomes) // COLUMNS)
    figure = Figure(figsize=(9.5, 0.8 + INCHES_PER_PANEL * rows), dpi=150, layout="constrained")
    figure.suptitle(
        "latency against throughput, as users are added",
        x=0.015, ha="left", fontsize=14, fontweight="bold", color=INK,
    )  # fmt: skip
    places = list(figure.subplots(rows, COLUMNS, squeeze=False).flat)
    for axes, outcome in zip(places, outcomes, strict=False):
        _draw(axes, outcome)
    for axes in places[len(outcomes) :]:
        axes.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _draw(axes: Any, outcome: Outcome) -> None:
    throughput = [row.calls_per_second for row in outcome.totals]
    for name, colour in (("p50", BLUE), ("p99", ORANGE)):
        seconds = [getattr(row, f"{name}_ms") / 1e3 for row in outcome.totals]
        axes.plot(throughput, seconds, "o-", color=colour, markersize=5, linewidth=1.2, label=name)
    axes.set_yscale("log")
    axes.set_title(outcome.run.workload, loc="left", fontsize=11, fontweight="bold", color=INK)
    axes.set_title(outcome.run.shape, loc="right", fontsize=9, color=FAINT)
    _strip(axes)
    found = knee(outcome.totals)
    if found is not None:
        _mark(axes, found)


def _mark(axes: Any, found: Row) -> None:
    """Draw a line where the knee is, and say what it is."""
    axes.axvline(found.calls_per_second, color=FAINT, linewidth=0.8, linestyle=":")
    text = f"knee: users {found.users}\n{found.calls_per_second:.3g} calls/s"
    place = (found.calls_per_second, 0.97)
    style = {"va": "top", "fontsize": 8.5, "color": INK}
    axes.annotate(
        text, place, (-5, 0), xycoords=("data", "axes fraction"), textcoords="offset points",
        ha="right", **style,
    )  # fmt: skip


def _strip(axes: Any) -> None:
    """Leave of the frame what helps reading."""
    least, most = axes.get_ylim()
    axes.set_ylim(least, most * ABOVE)
    axes.set_xlim(0, axes.get_xlim()[1])
    axes.set_xlabel("calls/s", fontsize=8, color=FAINT)
    axes.spines[["top", "right", "bottom", "left"]].set_visible(False)
    axes.yaxis.set_major_locator(LogLocator(numticks=5))
    axes.yaxis.set_major_formatter(EngFormatter("s"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(color=FAINT, alpha=0.2, linewidth=0.6)
    axes.tick_params(length=0, labelsize=8, colors=FAINT)
    axes.legend(loc="upper left", frameon=False, fontsize=8, labelcolor=INK)
