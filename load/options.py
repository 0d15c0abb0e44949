"""What a run is told beside locust's own options; every one of them is also a variable."""

from __future__ import annotations

from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from load.shapes import SHAPES
from load.workloads import WORKLOADS

BUDGETS = Path(__file__).with_name("budgets.toml")


def add_options(parser: ArgumentParser) -> None:
    """Add them; `--rows` is also `LOSSGRAD_LOAD_ROWS`, and so on."""
    target = {"default": "localhost:50051", "env_var": "LOSSGRAD_GRPC_TARGET"}
    parser.add_argument("--grpc-target", **target, help="Where gRPC users call.")
    add = partial(_add, parser)
    add("workload", choices=list(WORKLOADS), default="mixed", help="What is asked.")
    add("shape", choices=list(SHAPES), default="steady", help="How many ask, and when.")
    add("seconds", type=float, help="How long; by default as the shape has it.")
    add("budgets", default=str(BUDGETS), help="TOML file of what must be kept.")
    add("rows", default="out/load/rows.csv", help="CSV file of every step's figures.")


def _add(parser: ArgumentParser, name: str, **how: Any) -> None:
    parser.add_argument(f"--{name}", env_var=f"LOSSGRAD_LOAD_{name.upper()}", **how)
