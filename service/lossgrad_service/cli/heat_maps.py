"""A quantity as heat maps: the caller's own, ours, and the difference."""

from __future__ import annotations

from math import floor, log10
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure

from lossgrad_service.cli.worst import Numbers, Worst

INK, FAINT = "#374151", "#6b7280"
COLOURS: Final = "RdBu_r"
"""From blue over white to red, which colour-blind eyes tell apart, too."""

NOT_FINITE: Final = "#facc15"
MOST_WRITTEN: Final = 10
"""Rows and columns up to which each number is written into its cell."""

MOST_DECIMALS: Final = 3
"""Of numbers that fit into a cell."""

LONGEST_SIDE: Final = 3.0
"""Of a map whose cells are squares, in the length of its shorter side; others are stretched."""


def save_heat_maps(worst: Worst, path: Path) -> None:
    """Draw theirs and ours on one scale of colours, and their difference on its own.

    A figure without pyplot: no window, no global state.
    """
    maps = _maps(worst)
    is_wide = _matrix(worst.ours).shape[1] > _matrix(worst.ours).shape[0] * LONGEST_SIDE
    shape = (len(maps), 1) if is_wide else (1, len(maps))
    figure = Figure(figsize=(9, 5.5) if is_wide else (13, 4.2), dpi=150, layout="constrained")
    figure.suptitle(_title(worst), x=0.01, ha="left", fontsize=13, fontweight="bold", color=INK)
    for axes, (name, numbers, largest) in zip(
        figure.subplots(*shape, squeeze=False).flat, maps, strict=True
    ):
        _draw(figure, axes, name, _matrix(numbers), largest)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _maps(worst: Worst) -> list[tuple[str, Numbers, float]]:
    """Return what is drawn, each with the number that has the strongest colour."""
    theirs, ours = worst.theirs, worst.ours
    largest = _largest(theirs, ours)
    maps = [("yours", theirs, largest), ("ours", ours, largest)]
    if theirs.shape != ours.shape:
        return maps
    with np.errstate(invalid="ignore"):
        difference = theirs - ours
    return [*maps, ("yours − ours", difference, _largest(difference))]


def _largest(*maps: Numbers) -> float:
    """Return the largest of all that is finite in any; 1 where that is nothing, or zeros."""
    finite = (np.abs(numbers[np.isfinite(numbers)]).max(initial=0) for numbers in maps)
    return float(max(finite)) or 1.0


def _matrix(numbers: Numbers) -> Numbers:
    """Return rows and columns: a vector is a row, and leading axes are rows."""
    return np.atleast_2d(numbers) if numbers.ndim < 2 else numbers.reshape(-1, numbers.shape[-1])


def _title(worst: Worst) -> str:
    comparison = worst.comparison
    told = ", ".join(worst.codes) or comparison.band
    if comparison.shape != comparison.expected_shape:
        return (
            f"{comparison.name}: {told} (shape {comparison.shape}, not {comparison.expected_shape})"
        )
    return f"{comparison.name}: {told} (relative error {comparison.max_relative_error:.2g})"


def _draw(figure: Figure, axes: Any, name: str, numbers: Numbers, largest: float) -> None:
    axes.set_facecolor(NOT_FINITE)
    masked = np.ma.masked_invalid(numbers)
    image = axes.imshow(
        masked, cmap=COLOURS, vmin=-largest, vmax=largest, aspect=_aspect(numbers.shape)
    )
    axes.set_title(name, loc="left", fontsize=11, color=INK)
    axes.set_title(" × ".join(map(str, numbers.shape)), loc="right", fontsize=9, color=FAINT)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=8, colors=FAINT)
    axes.locator_params(integer=True, min_n_ticks=1)
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8, colors=FAINT)
    if max(numbers.shape) <= MOST_WRITTEN:
        _write(axes, numbers, largest)


def _aspect(shape: tuple[int, ...]) -> str:
    return "equal" if max(shape) <= LONGEST_SIDE * min(shape) else "auto"


def _write(axes: Any, numbers: Numbers, largest: float) -> None:
    """Write numbers with two digits of the largest, where that is not too many decimals."""
    decimals = max(0, 1 - floor(log10(largest)))
    if decimals > MOST_DECIMALS:
        return
    for (row, column), number in np.ndenumerate(numbers):
        colour = "white" if abs(number) > 0.6 * largest else INK
        style = {"ha": "center", "va": "center", "fontsize": 7, "color": colour}
        axes.text(column, row, f"{number:z.{decimals}f}", **style)
