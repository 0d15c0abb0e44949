"""``lossgrad bench-scaling``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.options import Json, Rounds, shapes_option
from lossgrad_service.benchmarks.scaling.results import results_to_json
from lossgrad_service.benchmarks.scaling.run import measure
from lossgrad_service.benchmarks.scaling.table import scaling_table
from lossgrad_service.cli.errors import told_kindly
from lossgrad_service.cli.keeping import keep

SHAPES = (
    Shape(256, 1000),
    Shape(4096, 1000),
    Shape(1024, 32_000),
    Shape(4096, 1000, width=512),
    Shape(1024, 32_000, width=512),
)
SERVERS = (1, 2, 4)


def bench_scaling(
    shape: Annotated[list[Shape] | None, shapes_option(SHAPES)] = None,
    servers: Annotated[
        list[int] | None,
        typer.Option(
            min=1, help="How many; may be repeated.", show_default=", ".join(map(str, SERVERS))
        ),
    ] = None,
    rounds: Rounds = 7,
    json: Json = None,
) -> None:
    """Time one batch over several servers, beside one server and an ordinary client.

    The servers share the cores of this machine with each other and with the caller. What each of
    several machines would have to do shows in the processor times.
    """
    with told_kindly():
        results = measure(shape or SHAPES, servers or SERVERS, rounds)
        Console().print(scaling_table(results))
        if json is not None:
            keep(results_to_json(results), json)
