"""``lossgrad bench``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lossgrad_service.benchmarks.bars import bars_of
from lossgrad_service.benchmarks.options import Json, Png, Rounds
from lossgrad_service.benchmarks.report import to_json
from lossgrad_service.benchmarks.results import Results
from lossgrad_service.benchmarks.run import measure, measure_own
from lossgrad_service.benchmarks.servers import named
from lossgrad_service.benchmarks.stream import stream
from lossgrad_service.benchmarks.table import (
    bars_table,
    memory_table,
    rates_table,
    stream_table,
    times_table,
)
from lossgrad_service.benchmarks.workloads import WORKLOADS, Workload
from lossgrad_service.cli.errors import told_kindly
from lossgrad_service.cli.keeping import keep, tell

EVERY_WORKLOAD = ", ".join(workload.name for workload in WORKLOADS)


def bench(
    workload: Annotated[
        list[Workload] | None,
        typer.Option(
            parser=Workload.parse,
            metavar="A|B|C|D|NxC|NxDxC",
            help="What is asked for: one that has a name, or scores of any size, or these "
            "beside a last layer of D units; may be repeated.",
            show_default=EVERY_WORKLOAD,
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            help="A running service to measure instead of one that is started, over gRPC, HTTP "
            "or a Unix socket; may be repeated, once for each.",
        ),
    ] = None,
    rounds: Rounds = 7,
    json: Json = None,
    png: Png = None,
    stream_gib: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Instead of all that, make one call with so many GiB of scores, which takes "
            "twice as much room in the folder for temporary files.",
        ),
    ] = None,
) -> None:
    """Time calls of the service beside echoes of the same bytes and other ways to the answer.

    The machine should do nothing else: servers and callers share its cores.
    """
    if png is not None and stream_gib is not None:
        raise typer.BadParameter("there is nothing to draw of --stream-gib", param_hint="--png")
    with told_kindly():
        if stream_gib is not None:
            results = Results(streamed=stream(stream_gib))
        elif target:
            results = measure(named(target), workload or WORKLOADS, rounds)
        else:
            results = measure_own(workload or WORKLOADS, rounds)
        _show(results)
        _keep(results, json, png)


def _show(results: Results) -> None:
    for table in _tables(results):
        Console().print(table)


def _tables(results: Results) -> Iterator[Table]:
    for workload, times in results.times.items():
        yield times_table(workload, times)
    if results.rates:
        yield rates_table(results.rates)
    if results.memory:
        yield memory_table(results.memory)
    if results.streamed:
        yield stream_table(results.streamed)
    if bars := bars_of(results):
        yield bars_table(bars)


def _keep(results: Results, json: Path | None, png: Path | None) -> None:
    if json is not None:
        keep(to_json(results), json)
    if png is not None:
        from lossgrad_service.benchmarks.chart import save_chart

        save_chart(results, png)
        tell("chart", png)
