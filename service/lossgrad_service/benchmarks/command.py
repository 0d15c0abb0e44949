"""``lossgrad bench``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lossgrad_service.benchmarks.timing import medians
from lossgrad_service.benchmarks.ways import batch, open_ways
from lossgrad_service.child import running_service
from lossgrad_service.cli.errors import told_kindly


def bench(
    rows: Annotated[int, typer.Option(min=1, help="Rows of the batch.")] = 256,
    classes: Annotated[int, typer.Option(min=1, help="Classes.")] = 1000,
    repeats: Annotated[int, typer.Option(min=1, help="Counted calls of each way.")] = 50,
) -> None:
    """Time one call (float32 scores in, loss and dscores out) by every way, on this machine."""
    with (
        told_kindly(),
        running_service() as targets,
        open_ways(targets, batch(rows, classes)) as ways,
    ):
        figures = medians(ways, repeats)
    table = Table("way", "median ms", title=f"{rows}×{classes} float32, {repeats} calls each")
    for name, figure in sorted(figures.items(), key=lambda item: item[1]):
        table.add_row(name, f"{1e3 * figure:.2f}")
    Console().print(table)
