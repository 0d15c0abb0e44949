"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

Target: TypeAlias = Annotated[
    str,
    typer.Option(
        help="Who computes: local: (this process), localhost:50051, grpc://…, unix:///path, "
        "http://… or https://…"
    ),
]

Timeout: TypeAlias = Annotated[float, typer.Option(help="Seconds that the call may take.")]

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
