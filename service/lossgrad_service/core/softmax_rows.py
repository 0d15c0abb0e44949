"""What the softmax tells of each row, whichever loss it is for."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from lossgrad.types import Array
from lossgrad_service.core.outputs import RowOutputs
from lossgrad_service.core.plan import Plan
from lossgrad_service.kernels.arrays import frozen
from lossgrad_service.kernels.rows import softmax
from lossgrad_service.kernels.rows.partition import Scratch


class SoftmaxRows(NamedTuple):
    """The names of the kernels' table of symbols; 0 in rows that were not computed."""

    first: Array
    """k, (n,), intp."""
    maximum: Array
    """m, (n,), float64."""
    rest: Array
    """T, (n,), float64."""

    @classmethod
    def empty(cls, n_rows: int) -> Self:
        """Return room for some rows."""
        return cls(np.zeros(n_rows, np.intp), np.zeros(n_rows), np.zeros(n_rows))


def store(plan: Plan, rows: SoftmaxRows, scores: Array, out: RowOutputs) -> None:
    """Store what depends on z alone, of every row."""
    if not plan.tells_all_rows:
        return
    out.put_numbers("predictions", rows.first)
    if "log_partition" in out:
        out.put_numbers("log_partition", softmax.log_partition(rows.maximum, rows.rest))
    if "probs" in out:
        probabilities = out.matrix("probs", scores.shape)
        first, rest = frozen(rows.first), frozen(rows.rest)
        scratch = Scratch.of(scores)
        softmax.probability_rows(scores, first, rest, plan.scaling, scratch, probabilities)
        out.put_computed("probs", probabilities)
