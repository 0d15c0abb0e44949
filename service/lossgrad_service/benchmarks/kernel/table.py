"""The figures as a table: a block for each shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from rich.table import Table

from lossgrad_service.benchmarks.kernel.libraries import DISTRIBUTIONS, version_of
from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.kernel.ways import MEMCPY, PYTORCH

Figures: TypeAlias = Mapping[Shape, Mapping[str, float]]
"""Seconds of each way at each shape."""


def kernel_table(figures: Figures) -> Table:
    """Return the milliseconds of each way, and how many times a copy and PyTorch they are."""
    table = Table(title="float32 in memory → loss and gradients in memory", caption=_caption())
    table.add_column("shape")
    table.add_column("way")
    for heading in ("median ms", f"÷ {MEMCPY}", f"÷ {PYTORCH}"):
        table.add_column(heading, justify="right")
    for shape, seconds in figures.items():
        _add_shape(table, shape, seconds)
    return table


def _add_shape(table: Table, shape: Shape, seconds: Mapping[str, float]) -> None:
    copy, pytorch = seconds[MEMCPY], seconds.get(PYTORCH)
    for name, figure in seconds.items():
        table.add_row(
            "" if name != MEMCPY else str(shape),
            name,
            f"{1e3 * figure:.3g}",
            _ratio(figure, copy),
            _ratio(figure, pytorch),
        )
    table.add_section()


def _ratio(figure: float, reference: float | None) -> str:
    return "–" if reference is None else f"{figure / reference:.2g}"


def _caption() -> str:
    """Return which libraries were asked, and which could not be."""
    versions = {library: version_of(library) for library in DISTRIBUTIONS}
    asked = [f"{library} {version}" for library, version in versions.items() if version]
    absent = [f"{library} is not installed" for library, version in versions.items() if not version]
    return ", ".join([*asked, *absent])
