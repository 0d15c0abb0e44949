"""The softmax of a block, whichever loss it is for."""

from __future__ import annotations

from dataclasses import dataclass

from lossgrad.types import Array, Options
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
    options: Options

    @classmethod
    def of(cls, plan: Plan, block: Block, first: Array, maximum: Array) -> Softmax:
        """Return the softmax of a block, given k and s_k."""
        options = plan.options
        below = scores.below_maximum(
            block.scores, maximum, options.temperature, options.softcap, plan.below_dtype
        )
        kept = below if plan.is_soft else None
        exps = softmax.exponentials(below, plan.exponential_dtype, None if plan.is_soft else below)
        return cls(first, maximum, kept, exps, softmax.sum_of_others(exps, first), options)

    def log_partition(self) -> Array:
        """Return lse, (n,), in the dtype of T."""
        largest = scores.largest(
            self.maximum, self.options.temperature, self.options.softcap, self.rest.dtype
        )
        return softmax.log_partition(largest, self.rest)

    def store(self, out: RowOutputs) -> None:
        """Store what depends on z alone, of every row."""
        if "log_partition" in out:
            out.put_numbers("log_partition", self.log_partition())
        if "probs" in out:
            out.put("probs", softmax.probabilities(self.exps, self.rest))
