"""``lossgrad demo``: the options, and what is done when something is amiss."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from lossgrad_service.cli.errors import told_kindly
from lossgrad_service.cli.matplotlib_check import chart_path

ModelName = Literal["two-layer", "linear"]

EXTRA_PACKAGES = ("sklearn", "matplotlib")
"""What the extra ``demo`` brings beyond the extra ``service``."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 + SIGINT."""


def demo(
    model: Annotated[ModelName, typer.Option(help="Classifier to train.")] = "two-layer",
    workers: Annotated[
        int, typer.Option(min=1, help="Worker processes, each with its own client.")
    ] = 2,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training digits.")] = 30,
    target: Annotated[
        str | None, typer.Option(help="A running service to use, instead of starting one.")
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option(
            help="Where the learning curve goes.",
            show_default="out/demo-<model>.png",
            callback=chart_path,
        ),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Where all figures go.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights and of the order.")] = 0,
) -> None:
    """Train a classifier of handwritten digits, every loss and gradient from the service."""
    _require_extra()
    from lossgrad_service.demo.run import Plan, run

    plan = Plan(model, workers, epochs, seed, png or Path("out") / f"demo-{model}.png", json)
    try:
        with told_kindly():
            run(plan, target)
    except KeyboardInterrupt:
        _give_up("stopped", INTERRUPTED)


def _require_extra() -> None:
    if not all(find_spec(package) for package in EXTRA_PACKAGES):
        _give_up("the demo needs its extra: pip install 'lossgrad[demo]'", 1)


def _give_up(message: str, status: int) -> NoReturn:
    typer.echo(f"lossgrad: {message}", err=True)
    raise typer.Exit(status)
