"""The figures as a PNG: a panel for each shape, and a dot in it for each way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

from lossgrad_service.benchmarks.kernel.figures import Figures, rounded
from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.kernel.table import TITLE
from lossgrad_service.benchmarks.kernel.ways import MEMCPY

BLUE, SKY, ORANGE, GREY, PALE = "#0072B2", "#56B4E9", "#D55E00", "#8b93a1", "#d3d7de"
"""Three colours that stay apart for colour-blind eyes, and two for what stands back."""

INK, FAINT = "#374151", "#6b7280"

COLOURS = {"kernel": BLUE, "whole call": SKY, "PyTorch": ORANGE, MEMCPY: PALE}
"""By how the name of a way begins."""

KEY = {
    BLUE: "kernel: the compiled rows alone,\ninto arrays that are there",
    SKY: "whole call: all that local: does,\nwith its checks and new arrays",
    ORANGE: "PyTorch: cross_entropy\nforwards and backwards",
    GREY: "others",
    PALE: "memcpy: a copy of the inputs;\n× counts those of one thread",
}

COLUMNS = 2
INCHES_PER_WAY, INCHES_PER_PANEL = 0.2, 0.8
BEFORE, BEHIND = 0.06, 0.5
"""Room before the first dot and behind the last, where figures stand: shares of what is between."""


def save_chart(figures: Figures, path: Path) -> None:
    """Draw the time of every way at every shape, the quickest on top.

    A figure without pyplot: no window, no global state.
    """
    figure, panels = _panels(figures)
    for axes, (shape, seconds) in zip(panels, figures.items(), strict=False):
        _draw(axes, shape, seconds)
    _draw_key(panels[len(figures)])
    for axes in panels[len(figures) :]:
        axes.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _panels(figures: Figures) -> tuple[Figure, list[Any]]:
    """Return a figure with a panel for each shape, and at least one more."""
    n_rows = len(figures) // COLUMNS + 1
    most_ways = max(map(len, figures.values()))
    height = 0.5 + n_rows * (INCHES_PER_PANEL + INCHES_PER_WAY * most_ways)
    spaced = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15)
    figure = Figure(figsize=(9.5, height), dpi=150, layout=spaced)
    figure.suptitle(TITLE, x=0.015, ha="left", fontsize=14, fontweight="bold", color=INK)
    return figure, list(figure.subplots(n_rows, COLUMNS, squeeze=False).flat)


def _draw(axes: Any, shape: Shape, seconds: Mapping[str, float]) -> None:
    ways = sorted(seconds, key=lambda way: seconds[way])
    times = [seconds[way] for way in ways]
    span = times[-1] / times[0]
    axes.set_xscale("log")
    axes.set_xlim(times[0] / span**BEFORE, times[-1] * span**BEHIND)
    axes.hlines(ways, axes.get_xlim()[0], times, color=PALE, linewidth=1)
    axes.scatter(times, ways, s=44, color=[_colour(way) for way in ways], zorder=3)
    for way, time in seconds.items():
        _write(axes, (time, way), _figures(way, time, time / seconds[MEMCPY]))
    axes.invert_yaxis()
    axes.set_title(str(shape), loc="left", fontsize=11, fontweight="bold", color=INK)
    axes.set_title(_told(shape), loc="right", fontsize=9, color=FAINT)
    _strip(axes)


def _figures(way: str, time: float, ratio: float) -> str:
    """Return a time of three digits, and of two digits how many times memcpy it is."""
    told = EngFormatter("s")(float(f"{time:.3g}"))
    return told if way == MEMCPY else f"{told}   {rounded(ratio, 2)}×"


def _told(shape: Shape) -> str:
    return "scores" if shape.width is None else "h1·w2 + b2"


def _colour(way: str) -> str:
    return next((colour for name, colour in COLOURS.items() if way.startswith(name)), GREY)


def _write(axes: Any, place: tuple[float, Any], text: str) -> None:
    """Write behind a dot."""
    style = {"va": "center", "fontsize": 8.5, "color": INK}
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axes.annotate(text, place, (8, 0), textcoords="offset points", bbox=ground, **style)


def _strip(axes: Any) -> None:
    """Leave of the frame what helps reading."""
    axes.spines[["top", "right", "bottom", "left"]].set_visible(False)
    axes.xaxis.set_major_locator(LogLocator(numticks=5))
    axes.xaxis.set_major_formatter(EngFormatter("s"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(axis="x", color=FAINT, alpha=0.2, linewidth=0.6)
    axes.tick_params(length=0, labelsize=8, colors=FAINT)
    axes.tick_params(axis="y", labelsize=9, labelcolor=INK)


def _draw_key(axes: Any) -> None:
    axes.set_xlim(-0.04, 1)
    axes.set_ylim(len(KEY), -0.5)
    axes.scatter([0] * len(KEY), range(len(KEY)), s=44, color=list(KEY))
    for place, text in enumerate(KEY.values()):
        _write(axes, (0, place), text)
