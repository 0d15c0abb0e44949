"""The figures as a table: a block for each shape."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from lossgrad_service.benchmarks.figures import rounded
from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.scaling.results import Results, Taken
from lossgrad_service.benchmarks.scaling.run import PLAIN

TITLE = "one batch over several servers of this machine: loss and gradients, float32"
CAPTION = (
    "Client: one server. sharded n: ShardedClient of n servers, of one worker each; a batch may be "
    "worth fewer parts. CPU: milliseconds of processors for a call, in the caller's process and in "
    "the server that takes most."
)


def scaling_table(results: Results) -> Table:
    """Return the milliseconds of each number of servers, and how many times one server's."""
    table = Table(title=TITLE, caption=CAPTION, caption_justify="left")
    for heading in ("shape", "asked"):
        table.add_column(heading, no_wrap=True)
    for heading in ("ms", "÷ Client", "caller CPU", "server CPU", "÷"):
        table.add_column(heading, justify="right", no_wrap=True)
    for shape, by_name in results.items():
        _add_block(table, shape, by_name)
    return table


def _add_block(table: Table, shape: Shape, by_name: Mapping[str, Taken]) -> None:
    told, plain = str(shape), by_name[PLAIN]
    for name, taken in by_name.items():
        table.add_row(
            told,
            name,
            rounded(1e3 * taken.wall, 3),
            rounded(taken.wall / plain.wall, 2),
            rounded(1e3 * taken.caller, 3),
            rounded(1e3 * taken.busiest, 3),
            rounded(taken.busiest / plain.busiest, 2) if plain.busiest else "–",
        )
        told = ""
    table.add_section()
