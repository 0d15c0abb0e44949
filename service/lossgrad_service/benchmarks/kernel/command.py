"""``lossgrad bench-kernel``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from lossgrad_service.benchmarks.keeping import keep, tell
from lossgrad_service.benchmarks.kernel.figures import Figures
from lossgrad_service.benchmarks.kernel.report import figures_to_json
from lossgrad_service.benchmarks.kernel.shapes import SHAPES, Shape
from lossgrad_service.benchmarks.kernel.table import kernel_table
from lossgrad_service.benchmarks.kernel.ways import calls_of
from lossgrad_service.benchmarks.matplotlib_check import require_matplotlib
from lossgrad_service.benchmarks.timing import settled_medians
from lossgrad_service.cli.errors import told_kindly

EVERY_SHAPE = ", ".join(map(str, SHAPES))


def bench_kernel(
    shape: Annotated[
        list[Shape] | None,
        typer.Option(
            parser=Shape.parse,
            metavar="NxC|NxDxC",
            help="Scores, or a last layer of D units and its scores; may be repeated.",
            show_default=EVERY_SHAPE,
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each way.")] = 7,
    json: Annotated[Path | None, typer.Option(help="Where all figures go.")] = None,
    png: Annotated[Path | None, typer.Option(help="Where a chart goes.")] = None,
) -> None:
    """Time the kernels beside memcpy, NumPy, and libraries that are installed.

    The machine should do nothing else: libraries whose threads wait for each other suffer
    the most from what takes a core away.
    """
    if png is not None:
        require_matplotlib()
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
