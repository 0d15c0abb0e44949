"""What the forms of the loss take and give."""

from __future__ import annotations

from dataclasses import dataclass

from lossgrad.types import Array
from lossgrad_service.core.plan import Plan


@dataclass(frozen=True, slots=True)
class LossContext:
    """What is the same for all rows."""

    plan: Plan
    class_weights: Array | None
    """c, (C,), float64; None is 1 everywhere."""
    divisor: float
    """D'; NaN where the mean is empty."""


@dataclass(frozen=True, slots=True)
class RowLosses:
    """What the rows of a block add to the loss, and their gradient."""

    losses: Array
    """a·c·L, (n,), float64, before division."""
    gradient: Array | None
    """dScores, (n, C), float64; None where it is not needed."""
    z_terms: Array | None = None
    """a·lse², (n,), float64; None without a z-term."""
