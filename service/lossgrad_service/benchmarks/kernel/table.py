"""The figures as a table: a block for each shape."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from lossgrad_service.benchmarks.figures import rounded
from lossgrad_service.benchmarks.kernel.figures import Figures
from lossgrad_service.benchmarks.kernel.libraries import DISTRIBUTIONS, version_of
from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.kernel.ways import MEMCPY, PYTORCH

TITLE = "float32 in memory → loss and gradients in memory"


def kernel_table(figures: Figures) -> Table:
    """Return the milliseconds of each way, and how many times a copy and PyTorch they are."""
    table = Table("shape", "way", title=TITLE, caption=_versions())
    for heading in ("median ms", f"÷ {MEMCPY}", f"÷ {PYTORCH}"):
        table.add_column(heading, justify="right")
    for shape, seconds in figures.items():
        _add_block(table, shape, seconds)
    return table


def _add_block(table: Table, shape: Shape, seconds: Mapping[str, float]) -> None:
    told = str(shape)
    for way, time in seconds.items():
        ratios = (_ratio(time, seconds.get(reference)) for reference in (MEMCPY, PYTORCH))
        table.add_row(told, way, rounded(1e3 * time, 3), *ratios)
        told = ""
    table.add_section()


def _ratio(time: float, reference: float | None) -> str:
    return "–" if reference is None else rounded(time / reference, 2)


def _versions() -> str:
    """Return which libraries were asked, and which were not there to be."""
    versions = {library: version_of(library) for library in DISTRIBUTIONS}
    return ", ".join(f"{name} {found or 'is not installed'}" for name, found in versions.items())
