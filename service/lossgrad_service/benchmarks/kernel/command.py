"""``lossgrad bench-kernel``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from rich.console import Console
from rich.progress import track

from lossgrad_service.benchmarks.kernel.figures import Figures
from lossgrad_service.benchmarks.kernel.report import figures_to_json
from lossgrad_service.benchmarks.kernel.shapes import SHAPES, Shape
from lossgrad_service.benchmarks.kernel.table import kernel_table
from lossgrad_service.benchmarks.kernel.ways import calls_of
from lossgrad_service.benchmarks.options import Json, Png, Rounds, shapes_option
from lossgrad_service.benchmarks.timing import settled_medians
from lossgrad_service.cli.errors import told_kindly
from lossgrad_service.cli.keeping import keep, tell


def bench_kernel(
    shape: Annotated[list[Shape] | None, shapes_option(SHAPES)] = None,
    rounds: Rounds = 7,
    json: Json = None,
    png: Png = None,
) -> None:
    """Time the kernels beside memcpy, NumPy, and libraries that are installed.

    The machine should do nothing else: libraries whose threads wait for each other suffer
    the most from what takes a core away.
    """
    shapes = track(shape or SHAPES, "timing", transient=True)
    figures = {each: settled_medians(calls_of(each), rounds) for each in shapes}
    Console().print(kernel_table(figures))
    with told_kindly():
        if json is not None:
            keep(figures_to_json(figures), json)
        if png is not None:
            _draw(figures, png)


def _draw(figures: Figures, png: Path) -> None:
    from lossgrad_service.benchmarks.kernel.chart import save_chart

    save_chart(figures, png)
    tell("chart", png)
