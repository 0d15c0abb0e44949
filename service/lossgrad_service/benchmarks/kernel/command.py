"""``lossgrad bench-kernel``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from lossgrad_service.benchmarks.kernel.shapes import SHAPES, Shape
from lossgrad_service.benchmarks.kernel.table import kernel_table
from lossgrad_service.benchmarks.kernel.ways import calls_of
from lossgrad_service.benchmarks.timing import settled_medians

EVERY_SHAPE = ", ".join(map(str, SHAPES))


def bench_kernel(
    shape: Annotated[
        list[Shape] | None,
        typer.Option(
            parser=Shape.parse,
            metavar="NxC|NxDxC",
            help="Rows and classes, with D the scores are made in a layer of that width; repeatable.",
            show_default=EVERY_SHAPE,
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each way.")] = 9,
    png: Annotated[Path | None, typer.Option(help="Where a chart goes.")] = None,
) -> None:
    """Time the kernels on this machine, beside memcpy, NumPy, and libraries that are installed."""
    if png is not None:
        _require_matplotlib()
    figures = {
        each: settled_medians(calls_of(each), rounds)
        for each in track(shape or SHAPES, "timing", transient=True)
    }
    Console().print(kernel_table(figures))
    if png is not None:
        from lossgrad_service.benchmarks.kernel.chart import save_chart

        save_chart(figures, png)


def _require_matplotlib() -> None:
    if find_spec("matplotlib") is None:
        typer.echo("lossgrad: the chart needs matplotlib: pip install 'lossgrad[demo]'", err=True)
        raise typer.Exit(1)
