"""What the forms of the loss take and give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from lossgrad.types import Array
from lossgrad_service.core.block import Block
from lossgrad_service.core.plan import Plan
from lossgrad_service.core.rows import every


class LossContext(NamedTuple):
    """What is the same for all rows."""

    plan: Plan
    class_weights: Array | None
    """c, (C,), float64; None is 1 everywhere, but for the general form."""
    divisor: float
    """D'; NaN where the mean is empty."""


class RowLosses(NamedTuple):
    """What a run of rows adds to the loss."""

    losses: Array
    """a·c·L, (n,), float64, before division; of live rows only."""
    sound: bool
    """Whether no live row holds a value that has no gradient; if not, a closer look tells."""
    first: Array
    """k, (n,), intp, where the plan needs it."""
    z_terms: Array | None = None
    """a·lse², (n,), float64, of live rows only; None without a z-term."""

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return what rows add that were computed in parts."""
        z_terms = [part.z_terms for part in parts if part.z_terms is not None]
        return cls(
            np.concatenate([part.losses for part in parts]),
            all(part.sound for part in parts),
            np.concatenate([part.first for part in parts]),
            np.concatenate(z_terms) if z_terms else None,
        )


def active_rows(context: LossContext, run: Block) -> Array:
    """Return which rows are computed: the live ones, or all if something is told of each."""
    live = run.weights.live
    return every(True, len(live)) if context.plan.tells_all_rows else live


def are_finite(run: Block, *numbers: Array) -> bool:
    """Return whether what was computed of the live rows, each (n,), is finite."""
    return all(_holds(np.isfinite(array), run.weights.live) for array in numbers)


def _holds(found: Array, live: Array) -> bool:
    return bool(found.all()) or bool((found | ~live).all())
