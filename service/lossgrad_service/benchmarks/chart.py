"""What was measured as a PNG: a panel for each workload, and for the calls of many."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lossgrad_service.benchmarks.figures import told_bytes
from lossgrad_service.benchmarks.panels import (
    BLUE,
    GREY,
    ORANGE,
    PALE,
    SKY,
    Palette,
    Panel,
    save_panels,
)
from lossgrad_service.benchmarks.results import RatesByWay, Results, TimesByWay
from lossgrad_service.benchmarks.table import echo_of
from lossgrad_service.benchmarks.throughput import MANY
from lossgrad_service.benchmarks.ways import names
from lossgrad_service.benchmarks.workloads import Workload

TITLE = "one call: float32 arrays sent → loss and gradients received"

PALETTE = Palette(
    {
        "lossgrad gRPC": BLUE,
        "lossgrad Unix": BLUE,
        names.SHARED: BLUE,
        names.IN_PLACE: BLUE,
        "lossgrad HTTP": SKY,
        "tutorial": ORANGE,
        "memcpy": PALE,
        "TCP echo": PALE,
        "gRPC": PALE,
    },
    {
        BLUE: "lossgrad over gRPC",
        SKY: "lossgrad over HTTP, as JSON",
        ORANGE: "NumPy behind servers as\ntutorials have them",
        GREY: "in the caller's own process",
        PALE: "the same bytes, nothing computed;\n× counts the gRPC echo",
    },
)


def save_chart(results: Results, path: Path) -> None:
    """Draw the median time of every way, and the calls per second of many callers."""
    save_panels(TITLE, list(_panels(results)), PALETTE, path)


def _panels(results: Results) -> Iterator[Panel]:
    for workload, times in results.times.items():
        yield _times_panel(workload, times)
    for workload, rates in results.rates.items():
        yield _rates_panel(workload, rates)


def _times_panel(workload: Workload, times: TimesByWay) -> Panel:
    medians = {name: found.median for name, found in times.items() if found is not None}
    quickest_first = dict(sorted(medians.items(), key=lambda item: item[1]))
    sent = f"{told_bytes(workload.bytes_in)} sent"
    return Panel(str(workload), sent, quickest_first, echo_of(workload, times))


def _rates_panel(workload: Workload, rates: RatesByWay) -> Panel:
    of_many = {name: by_count[MANY] for name, by_count in rates.items()}
    most_first = dict(sorted(of_many.items(), key=lambda item: -item[1]))
    return Panel(str(workload), f"calls of {MANY} callers", most_first, names.UNARY_ECHO, unit="/s")
