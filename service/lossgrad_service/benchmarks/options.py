"""The options that benchmarks share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.cli.matplotlib_check import chart_path

Rounds: TypeAlias = Annotated[int, typer.Option(min=1, help="Turns of each way.")]
Json: TypeAlias = Annotated[Path | None, typer.Option(help="Where all figures go.")]
Png: TypeAlias = Annotated[
    Path | None, typer.Option(help="Where a chart goes: a .png, .svg or .pdf.", callback=chart_path)
]


def shapes_option(default: tuple[Shape, ...]) -> typer.models.OptionInfo:
    """Return the option of shapes, by default those given."""
    return typer.Option(
        parser=Shape.parse,
        metavar="NxC|NxDxC",
        help="Scores, or a last layer of D units and its scores; may be repeated.",
        show_default=", ".join(map(str, default)),
    )
