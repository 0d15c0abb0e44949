"""The figures as a table: a block for each shape."""

from __future__ import annotations

from rich.table import Table

from lossgrad_service.benchmarks.kernel.figures import Figures
from lossgrad_service.benchmarks.kernel.libraries import version_of
from lossgrad_service.benchmarks.kernel.table import table_of_blocks
from lossgrad_service.benchmarks.kernel.ways import PYTORCH

TITLE = "a step of PyTorch: float32 tensors → loss and gradients"


def training_table(figures: Figures) -> Table:
    """Return the milliseconds of each way, and how many times PyTorch's own they are."""
    return table_of_blocks(figures, (PYTORCH,), TITLE, f"PyTorch {version_of(PYTORCH)}")
