"""Whether a chart could be drawn, asked before anything is timed."""

from __future__ import annotations

from importlib.util import find_spec

import typer


def require_matplotlib() -> None:
    """End the command where there is no Matplotlib."""
    if find_spec("matplotlib") is None:
        typer.echo("lossgrad: the chart needs matplotlib: pip install 'lossgrad[demo]'", err=True)
        raise typer.Exit(1)
