"""What was measured, and how its numbers are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from lossgrad_service.benchmarks.kernel.shapes import Shape

Figures: TypeAlias = Mapping[Shape, Mapping[str, float]]
"""Seconds of each way at each shape, a copy of the inputs among them."""


def rounded(number: float, digits: int) -> str:
    """Return a number of so many digits."""
    return f"{float(f'{number:.{digits}g}'):,g}"
