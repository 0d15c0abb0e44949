"""One block of rows made ready: in the row dtype, contiguous, with its forward pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lossgrad.types import Array
from lossgrad_service.core.constants import Constants
from lossgrad_service.core.plan import Plan
from lossgrad_service.core.rows import ready
from lossgrad_service.core.weights import Denominator, RowWeights
from lossgrad_service.kernels.linear import affine, relu

_F64 = np.dtype(np.float64)


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of one block; arrays that nothing needs are None. None may be written to."""

    start: int
    """Flattened index of the first row."""
    weights: RowWeights
    counted: Array
    """Which rows have a gradient, (n,), bool: the live ones, none if an empty mean is 0."""
    scores: Array
    """s, (n, C), row dtype."""
    hidden: Array | None
    """h1, (n, D), row dtype."""
    x: Array | None
    """(n, P), row dtype."""
    targets: Array | None
    """t, (n, C), float64."""

    @classmethod
    def of(
        cls,
        plan: Plan,
        constants: Constants,
        denominator: Denominator,
        start: int,
        rows: Mapping[str, Array],
    ) -> Block:
        """Return the block of the inputs `rows`, each (n, …), as they were sent."""
        x = (
            ready(rows["x"], plan.row_dtype)
            if plan.needs_hidden and plan.hidden_is_computed
            else None
        )
        hidden = _hidden(plan, constants, x, rows)
        n_rows = len(rows["targets"] if plan.has_targets else rows["labels"])
        weights = RowWeights.read(
            n_rows, rows.get("labels"), rows.get("sample_weights"), plan.options.ignore_index
        )
        return cls(
            start=start,
            weights=weights,
            counted=weights.live & (not denominator.zeroes),
            scores=_scores(plan, constants, hidden, rows),
            hidden=hidden,
            x=x,
            targets=ready(rows["targets"], _F64) if plan.has_targets else None,
        )

    def at(self, span: slice) -> Block:
        """Return some rows of this block."""
        return Block(
            start=self.start + span.start,
            weights=self.weights.at(span),
            counted=self.counted[span],
            scores=self.scores[span],
            hidden=_rows(self.hidden, span),
            x=_rows(self.x, span),
            targets=_rows(self.targets, span),
        )


def _rows(array: Array | None, span: slice) -> Array | None:
    return None if array is None else array[span]


def _hidden(
    plan: Plan, constants: Constants, x: Array | None, rows: Mapping[str, Array]
) -> Array | None:
    if x is not None and constants.w1 is not None:
        return relu(affine(x, constants.w1, constants.b1, plan.tile_rows))
    return ready(rows["h1"], plan.row_dtype) if plan.needs_hidden else None


def _scores(
    plan: Plan, constants: Constants, hidden: Array | None, rows: Mapping[str, Array]
) -> Array:
    if hidden is None or constants.w2 is None or not plan.scores_are_computed:
        return ready(rows["scores"], plan.row_dtype)
    return affine(hidden, constants.w2, constants.b2, plan.tile_rows)
