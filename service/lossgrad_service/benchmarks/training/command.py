"""``lossgrad bench-training``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lossgrad_service.benchmarks.kernel.figures import Figures
from lossgrad_service.benchmarks.kernel.report import figures_to_json
from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.options import Json, Png, Rounds, shapes_option
from lossgrad_service.benchmarks.training.run import measure
from lossgrad_service.benchmarks.training.table import training_table
from lossgrad_service.cli.errors import told_kindly
from lossgrad_service.cli.keeping import keep, tell

SHAPES = (Shape(256, 1000), Shape(1024, 32_000), Shape(1024, 32_000, width=512))
"""Scores of a classifier and of a language model, and the last layer of the latter."""


def bench_training(
    shape: Annotated[list[Shape] | None, shapes_option(SHAPES)] = None,
    rounds: Rounds = 7,
    json: Json = None,
    png: Png = None,
) -> None:
    """Time a step of PyTorch, its loss and the gradients: computed by itself, and by the service.

    The machine should do nothing else: the service shares its cores with PyTorch.
    """
    _require_torch()
    with told_kindly():
        figures = measure(shape or SHAPES, rounds)
        Console().print(training_table(figures))
        if json is not None:
            keep(figures_to_json(figures), json)
        if png is not None:
            _draw(figures, png)


def _require_torch() -> None:
    if find_spec("torch") is None:
        typer.echo("lossgrad: it needs PyTorch: pip install 'lossgrad[torch]'", err=True)
        raise typer.Exit(1)


def _draw(figures: Figures, png: Path) -> None:
    from lossgrad_service.benchmarks.training.chart import save_chart

    save_chart(figures, png)
    tell("chart", png)
