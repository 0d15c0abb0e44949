"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Target: TypeAlias = Annotated[
    str,
    typer.Option(
        help="Who computes: local: (this process), localhost:50051, grpc://…, unix:///path, "
        "http://… or https://…. A key goes into the variable LOSSGRAD_TOKEN."
    ),
]

Timeout: TypeAlias = Annotated[float, typer.Option(help="Seconds that the call may take.")]

TlsCa: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="PEM certificates to trust instead of the system's.", show_default=False),
]

TlsCert: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="PEM certificate to show, if the server asks.", show_default=False),
]

TlsKey: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="Its PEM key, if that is in another file.", show_default=False),
]

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
