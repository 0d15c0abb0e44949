"""``python -m load``: loads a service of its own, and says how it went."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from load.chart import save_chart
from load.locust_run import Outcome, Run, run_locust
from load.service import ready_service
from load.shapes import SHAPES
from load.table import table
from load.workloads import WORKLOADS

OUT = Path("out/load")


def main() -> int:
    """Make the runs that are asked for; returns 1 where one of them did not keep its budget."""
    options = _options()
    outcomes = _outcomes(options)
    measured = [outcome for outcome in outcomes if outcome.totals]
    if measured:
        _show(options.shape, measured)
    return int(any(outcome.exit_code for outcome in outcomes))


def _options() -> Namespace:
    parser = ArgumentParser(prog="python -m load", description=__doc__)
    parser.add_argument("--workload", choices=WORKLOADS, action="append", help="by default all")
    parser.add_argument("--shape", choices=SHAPES, default="ramp")
    parser.add_argument("--seconds", type=float, help="of each run; by default as the shape has it")
    return parser.parse_args()


def _outcomes(options: Namespace) -> list[Outcome]:
    with ready_service() as targets:
        return [
            run_locust(Run(workload, options.shape, options.seconds), targets, OUT)
            for workload in track(options.workload or list(WORKLOADS), "load")
        ]


def _show(shape: str, outcomes: Sequence[Outcome]) -> None:
    Console().print(table(shape, outcomes))
    chart = OUT / f"{shape}.png"
    save_chart(outcomes, chart)
    print(f"chart: {chart}; CSV and locust's HTML beside it")


if __name__ == "__main__":
    sys.exit(main())
