"""The learning curve as a PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from numpy.typing import NDArray

from lossgrad_service.demo.training import History

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#6b7280"
"""Two colours that stay apart for colour-blind eyes, and one for what stands back."""

TREND_STEPS = 45
"""Steps that the trend averages over: an epoch of the demo."""


def save_learning_curve(history: History, title: str, path: Path) -> None:
    """Draw the loss of every step above the test accuracy after every epoch.

    A figure without pyplot: no window, no global state.
    """
    figure = Figure(figsize=(8, 6), dpi=150, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    figure.suptitle(title, fontsize=13, fontweight="bold", x=0.02, ha="left")
    _draw_losses(upper, history.losses)
    _draw_accuracies(lower, history.accuracies)
    figure.align_ylabels()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


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


def _running_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    return np.convolve(values, np.full(window, 1 / window), mode="valid")


def _strip(axes: Any) -> None:
    """Leave of the frame what helps reading."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GREY, alpha=0.2, linewidth=0.6)
    axes.tick_params(colors=GREY)
