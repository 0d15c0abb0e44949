"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer


def option(text: str, *names: str, callback: Callable[..., Any] | None = None) -> Any:
    """Return an option that is left out by default; a callback reads what is given."""
    return typer.Option(*names, help=text, show_default=False, callback=callback)


Source: TypeAlias = Annotated[
    str, typer.Argument(metavar="IN", help="An .npz archive, a JSON request, or - for stdin.")
]

Target: TypeAlias = Annotated[
    str,
    typer.Option(
        help="Who computes: local: (this process), localhost:50051, grpc://…, unix:///path, "
        "http://… or https://…. A key goes into the variable LOSSGRAD_TOKEN."
    ),
]

Timeout: TypeAlias = Annotated[float, typer.Option(help="Seconds that the call may take.")]

TlsCa: TypeAlias = Annotated[
    Path | None, option("PEM certificates to trust instead of the system's.")
]

TlsCert: TypeAlias = Annotated[Path | None, option("PEM certificate to show, if the server asks.")]

TlsKey: TypeAlias = Annotated[Path | None, option("Its PEM key, if that is in another file.")]

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]

Loss: TypeAlias = Annotated[str | None, option("softmax or hinge.")]

Reduction: TypeAlias = Annotated[str | None, option("mean, sum or none.")]

IgnoreIndex: TypeAlias = Annotated[int | None, option("Label of rows to leave out.")]

LabelSmoothing: TypeAlias = Annotated[float | None, option("In [0, 1].")]

Reg: TypeAlias = Annotated[float | None, option("Coefficient of the L2 penalty.")]

RegConvention: TypeAlias = Annotated[str | None, option("half or full.")]

Assignments: TypeAlias = Annotated[
    list[str] | None, option("Any option as name=value; may be repeated.", "--option")
]
