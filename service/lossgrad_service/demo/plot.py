"""The learning curve, and what digits are taken for in the end, as a PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from numpy.typing import NDArray

from lossgrad_service.demo.model import CLASSES
from lossgrad_service.demo.training import History

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#6b7280"
"""Two colours that stay apart for colour-blind eyes, and one for what stands back."""

TREND_STEPS = 45
"""Steps that the trend averages over: an epoch of the demo."""


def save_picture(history: History, labels: NDArray[np.int64], title: str, path: Path) -> None:
    """Draw the loss of every step, the test accuracy, and which digits are mixed up in the end.

    A figure without pyplot: no window, no global state.
    """
    figure = Figure(figsize=(12.5, 6), dpi=150, layout="constrained")
    places = figure.subplot_mosaic([["losses", "confusions"], ["accuracies", "confusions"]])
    upper, lower = places["losses"], places["accuracies"]
    upper.sharex(lower)
    figure.suptitle(title, fontsize=13, fontweight="bold", x=0.02, ha="left")
    _draw_losses(upper, history.losses)
    _draw_accuracies(lower, history.accuracies)
    figure.align_ylabels()
    _draw_confusions(places["confusions"], confusions(labels, history.predictions))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def confusions(labels: NDArray[np.int64], predictions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many of each digit (row) are taken for each (column)."""
    counts = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(counts, (labels, predictions), 1)
    return counts


def _draw_losses(axes: Any, losses: list[float]) -> None:
    steps = np.arange(1, len(losses) + 1)
    axes.plot(steps, losses, color=BLUE, alpha=0.25, linewidth=0.8, label="each mini-batch")
    window = min(TREND_STEPS, len(losses))
    trend = _running_mean(np.array(losses), window)
    axes.plot(steps[window - 1 :], trend, color=BLUE, linewidth=2, label=f"mean of {window} steps")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.set_ylabel("training loss")
    axes.legend(frameon=False, loc="upper right")
    _strip(axes)


def _draw_accuracies(axes: Any, accuracies: dict[int, float]) -> None:
    steps, values = list(accuracies), [100 * value for value in accuracies.values()]
    axes.plot(steps, values, color=ORANGE, linewidth=2, marker="o", markersize=3.5)
    axes.annotate(
        f"{values[-1]:.1f} %",
        (steps[-1], values[-1]),
        xytext=(0, -16),
        textcoords="offset points",
        ha="right",
        color=ORANGE,
        fontweight="bold",
    )
    axes.set_ylabel("test accuracy, %")
    axes.set_xlabel("step")
    _strip(axes)


def _draw_confusions(axes: Any, counts: NDArray[np.int64]) -> None:
    """Draw what is right in shades of one colour, and what is mixed up in another one's."""
    is_right = np.eye(CLASSES, dtype=bool)
    _draw_heat(axes, np.ma.masked_where(~is_right, counts), "Blues", 1.2)
    _draw_heat(axes, np.ma.masked_where(is_right, counts), "Oranges", 2.0)
    for (digit, taken_for), count in np.ndenumerate(counts):
        if count:
            colour = "white" if digit == taken_for else "black"
            axes.text(taken_for, digit, str(count), ha="center", va="center", color=colour)
    axes.set_xticks(range(CLASSES))
    axes.set_yticks(range(CLASSES))
    axes.set_xlabel("test digits are taken for")
    axes.set_ylabel("digit that was written")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, colors=GREY)


def _draw_heat(axes: Any, counts: Any, colours: str, headroom: float) -> None:
    """Draw in shades so light that numbers can be read on the darkest."""
    axes.imshow(counts, cmap=colours, vmin=0, vmax=headroom * max(counts.max(), 1))


def _running_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    return np.convolve(values, np.full(window, 1 / window), mode="valid")


def _strip(axes: Any) -> None:
    """Leave of the frame what helps reading."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GREY, alpha=0.2, linewidth=0.6)
    axes.tick_params(colors=GREY)
