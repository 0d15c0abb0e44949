"""The figures as a PNG: a panel for each shape."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lossgrad_service.benchmarks.kernel.figures import Figures
from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.kernel.table import TITLE
from lossgrad_service.benchmarks.kernel.ways import MEMCPY
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

PALETTE = Palette(
    {"kernel": BLUE, "whole call": SKY, "PyTorch": ORANGE, MEMCPY: PALE},
    {
        BLUE: "kernel: the compiled rows alone,\ninto arrays that are there",
        SKY: "whole call: all that local: does,\nwith its checks and new arrays",
        ORANGE: "PyTorch: cross_entropy\nforwards and backwards",
        GREY: "others",
        PALE: "memcpy: a copy of the inputs;\n× counts those of one thread",
    },
)


def save_chart(figures: Figures, path: Path) -> None:
    """Draw the time of every way at every shape, the quickest on top."""
    save_panels(TITLE, panels_of(figures, MEMCPY), PALETTE, path)


def panels_of(figures: Figures, reference: str) -> list[Panel]:
    """Return a panel for each shape, the quickest way on top."""
    return [_panel(shape, seconds, reference) for shape, seconds in figures.items()]


def _panel(shape: Shape, seconds: Mapping[str, float | None], reference: str) -> Panel:
    found = {way: time for way, time in seconds.items() if time is not None}
    quickest_first = dict(sorted(found.items(), key=lambda item: item[1]))
    note = "scores" if shape.width is None else "h1·w2 + b2"
    return Panel(str(shape), note, quickest_first, reference)
