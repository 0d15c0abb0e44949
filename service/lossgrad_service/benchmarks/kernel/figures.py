"""What was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from lossgrad_service.benchmarks.kernel.shapes import Shape

Figures: TypeAlias = Mapping[Shape, Mapping[str, float | None]]
"""Seconds of each way at each shape; None where a way does not take it."""
