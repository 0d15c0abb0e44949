"""Whether a chart could be drawn, asked before anything is computed or timed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import typer

KINDS: Final = (".png", ".svg", ".pdf")
"""What the name of a chart may end in."""


def chart_path(path: Path | None) -> Path | None:
    """Return where a chart goes, as an option was given it; None where none is wanted.

    Raises
    ------
    typer.BadParameter
        Where no chart can be of that name.
    typer.Exit
        Where there is no Matplotlib.
    """
    if path is None:
        return None
    if path.suffix.lower() not in KINDS or path.is_dir():
        *others, last = KINDS
        expected = f"a file whose name ends in {', '.join(others)} or {last}"
        raise typer.BadParameter(f"must be {expected}, got {str(path)!r}")
    if find_spec("matplotlib") is None:
        typer.echo("lossgrad: the chart needs matplotlib: pip install 'lossgrad[demo]'", err=True)
        raise typer.Exit(1)
    return path
