"""The softmax of a block, whichever loss it is for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from lossgrad.types import Array

from lossgrad_service.core.block import Block
from lossgrad_service.core.outputs import RowOutputs
from lossgrad_service.core.plan import Plan
from lossgrad_service.kernels import scores, softmax


@dataclass(frozen=True, slots=True)
class Softmax:
    """The softmax of a block; the names of the kernels' table of symbols."""

    first: Array
    maximum: Array
    below: Array | None
    """z − m; None in the label form, where it has become e."""
    exps: Array
    rest: Array
    lse: Array

    @classmethod
    def of(cls, plan: Plan, block: Block, first: Array, maximum: Array) -> Softmax:
        """Return the softmax of a block, given k and s_k."""
        options = plan.options
        dtype = np.dtype(np.float64) if plan.is_soft else plan.row_dtype
        below = scores.below_maximum(
            block.scores, maximum, options.temperature, options.softcap, dtype
        )
        kept = below if plan.is_soft else None
        exps = softmax.exponentials(below, plan.exponential_dtype, None if plan.is_soft else below)
        rest = softmax.sum_of_others(exps, first)
        largest = scores.largest(maximum, options.temperature, options.softcap)
        return cls(first, maximum, kept, exps, rest, softmax.log_partition(largest, rest))

    def store(self, out: RowOutputs) -> None:
        """Store what depends on z alone, of every row."""
        out.put_numbers("log_partition", self.lse)
        if "probs" in out:
            out.put("probs", softmax.probabilities(self.exps, self.rest))
