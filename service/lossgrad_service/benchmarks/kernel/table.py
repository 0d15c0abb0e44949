"""The figures as a table: a block for each shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from lossgrad_service.benchmarks.figures import rounded
from lossgrad_service.benchmarks.kernel.figures import Figures
from lossgrad_service.benchmarks.kernel.libraries import DISTRIBUTIONS, version_of
from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.kernel.ways import MEMCPY, PYTORCH

TITLE = "float32 in memory → loss and gradients in memory"

NOTHING = "–"


def kernel_table(figures: Figures) -> Table:
    """Return the milliseconds of each way, and how many times a copy and PyTorch they are."""
    return table_of_blocks(figures, (MEMCPY, PYTORCH), TITLE, _versions())


def table_of_blocks(figures: Figures, references: Sequence[str], title: str, caption: str) -> Table:
    """Return the milliseconds of each way, and how many times those of the references they are."""
    table = Table("shape", "way", title=title, caption=caption)
    for heading in ("median ms", *(f"÷ {reference}" for reference in references)):
        table.add_column(heading, justify="right")
    for shape, seconds in figures.items():
        _add_block(table, shape, seconds, references)
    return table


def _add_block(
    table: Table, shape: Shape, seconds: Mapping[str, float | None], references: Sequence[str]
) -> None:
    told = str(shape)
    for way, time in seconds.items():
        ratios = (_ratio(time, seconds.get(reference)) for reference in references)
        table.add_row(told, way, _milliseconds(time), *ratios)
        told = ""
    table.add_section()


def _milliseconds(time: float | None) -> str:
    return NOTHING if time is None else rounded(1e3 * time, 3)


def _ratio(time: float | None, reference: float | None) -> str:
    return NOTHING if time is None or reference is None else rounded(time / reference, 2)


def _versions() -> str:
    """Return which libraries were asked, and which were not there to be."""
    versions = {library: version_of(library) for library in DISTRIBUTIONS}
    return ", ".join(f"{name} {found or 'is not installed'}" for name, found in versions.items())
