"""Figures as a PNG: panels side by side, and a dot in them for each way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

from lossgrad_service.benchmarks.figures import rounded

BLUE, SKY, ORANGE, GREY, PALE = "#0072B2", "#56B4E9", "#D55E00", "#8b93a1", "#d3d7de"
"""Three colours that stay apart for colour-blind eyes, and two for what stands back."""

INK, FAINT = "#374151", "#6b7280"

COLUMNS = 2
INCHES_PER_WAY, INCHES_PER_PANEL, INCHES_PER_COLOUR = 0.2, 0.8, 0.36
LEAST_SPAN = 2
"""From left to right, for ways that are all the same."""

BEFORE, BEHIND = 0.06, 0.55
"""Room before the first dot and behind the last, where figures stand: shares of what is between."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure of every way."""

    title: str
    note: str
    """What the title leaves open, in a few words."""
    values: Mapping[str, float]
    """By way, from top to bottom."""
    reference: str
    """The way whose figure the others are multiples of."""
    unit: str = "s"


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of the ways, and what they stand for."""

    by_name: Mapping[str, str]
    """Colours by how the name of a way begins, the first that fits; others are grey."""
    key: Mapping[str, str]

    def colour(self, way: str) -> str:
        """Return the colour of a way."""
        begins = (colour for name, colour in self.by_name.items() if way.startswith(name))
        return next(begins, GREY)


def save_panels(title: str, panels: Sequence[Panel], palette: Palette, path: Path) -> None:
    """Draw some panels, and the key to their colours.

    A figure without pyplot: no window, no global state.
    """
    figure, places = _places(title, [*map(_inches, panels), INCHES_PER_COLOUR * len(palette.key)])
    for axes, panel in zip(places, panels, strict=False):
        _draw(axes, panel, palette)
    _draw_key(places[len(panels)], palette.key)
    for axes in places[len(panels) :]:
        axes.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _inches(panel: Panel) -> float:
    return INCHES_PER_PANEL + INCHES_PER_WAY * len(panel.values)


def _places(title: str, heights: Sequence[float]) -> tuple[Figure, list[Any]]:
    """Return a figure with places that are at least so many inches high."""
    rows = [max(heights[i : i + COLUMNS]) for i in range(0, len(heights), COLUMNS)]
    spaced = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15)
    figure = Figure(figsize=(9.5, 0.5 + sum(rows)), dpi=150, layout=spaced)
    figure.suptitle(title, x=0.015, ha="left", fontsize=14, fontweight="bold", color=INK)
    axes = figure.subplots(len(rows), COLUMNS, squeeze=False, height_ratios=rows)
    return figure, list(axes.flat)


def _draw(axes: Any, panel: Panel, palette: Palette) -> None:
    ways, values = list(panel.values), list(panel.values.values())
    least, most = min(values), max(values)
    span = max(most / least, LEAST_SPAN)
    axes.set_xscale("log")
    axes.set_xlim(least / span**BEFORE, most * span**BEHIND)
    axes.hlines(ways, axes.get_xlim()[0], values, color=PALE, linewidth=1)
    axes.scatter(values, ways, s=44, color=[palette.colour(way) for way in ways], zorder=3)
    for way, value in panel.values.items():
        _write(axes, (value, way), _figures(panel, way, value))
    axes.invert_yaxis()
    axes.set_title(panel.title, loc="left", fontsize=11, fontweight="bold", color=INK)
    axes.set_title(panel.note, loc="right", fontsize=9, color=FAINT)
    _strip(axes, panel.unit)


def _figures(panel: Panel, way: str, value: float) -> str:
    """Return a value of three digits, and of two digits how many times the reference it is."""
    told = EngFormatter(panel.unit)(float(f"{value:.3g}"))
    if way == panel.reference or panel.reference not in panel.values:
        return told
    return f"{told}   {rounded(value / panel.values[panel.reference], 2)}×"


def _write(axes: Any, place: tuple[float, Any], text: str) -> None:
    """Write behind a dot."""
    style = {"va": "center", "fontsize": 8.5, "color": INK}
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axes.annotate(text, place, (8, 0), textcoords="offset points", bbox=ground, **style)


def _strip(axes: Any, unit: str) -> None:
    """Leave of the frame what helps reading."""
    axes.spines[["top", "right", "bottom", "left"]].set_visible(False)
    axes.xaxis.set_major_locator(LogLocator(numticks=5))
    axes.xaxis.set_major_formatter(EngFormatter(unit))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(axis="x", color=FAINT, alpha=0.2, linewidth=0.6)
    axes.tick_params(length=0, labelsize=8, colors=FAINT)
    axes.tick_params(axis="y", labelsize=9, labelcolor=INK)


def _draw_key(axes: Any, key: Mapping[str, str]) -> None:
    axes.set_xlim(-0.04, 1)
    axes.set_ylim(len(key), -0.5)
    axes.scatter([0] * len(key), range(len(key)), s=44, color=list(key))
    for place, text in enumerate(key.values()):
        _write(axes, (0, place), text)
