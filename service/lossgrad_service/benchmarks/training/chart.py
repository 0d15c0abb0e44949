"""The figures as a PNG: a panel for each shape."""

from __future__ import annotations

from pathlib import Path

from lossgrad_service.benchmarks.kernel.chart import panels_of
from lossgrad_service.benchmarks.kernel.figures import Figures
from lossgrad_service.benchmarks.kernel.ways import PYTORCH
from lossgrad_service.benchmarks.panels import BLUE, GREY, ORANGE, SKY, Palette, save_panels
from lossgrad_service.benchmarks.training.steps import HTTP
from lossgrad_service.benchmarks.training.table import TITLE
from lossgrad_service.benchmarks.ways.names import LOCAL

PALETTE = Palette(
    {PYTORCH: ORANGE, LOCAL: SKY, HTTP: GREY, "lossgrad": BLUE},
    {
        ORANGE: "PyTorch's own loss; × counts it",
        SKY: "lossgrad.torch over local:",
        BLUE: "lossgrad.torch and a service on this machine",
        GREY: "the same over HTTP, as JSON",
    },
)


def save_chart(figures: Figures, path: Path) -> None:
    """Draw the time of every way at every shape, the quickest on top."""
    save_panels(TITLE, panels_of(figures, PYTORCH), PALETTE, path)
