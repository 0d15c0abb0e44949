"""The loss of a run of rows: which formulas, in which order."""

from __future__ import annotations

from dataclasses import replace

from lossgrad.types import Array
from lossgrad_service.core import label_losses, soft_losses
from lossgrad_service.core.block import Block
from lossgrad_service.core.outputs import RowOutputs
from lossgrad_service.core.plan import Plan
from lossgrad_service.core.row_losses import LossContext, RowLosses
from lossgrad_service.core.silence import silenced
from lossgrad_service.core.softmax_rows import Softmax
from lossgrad_service.core.weights import Denominator
from lossgrad_service.kernels import scores


class Losses:
    """Computes losses and their gradients, and stores what depends on a row alone."""

    def __init__(self, plan: Plan, class_weights: Array | None, denominator: Denominator) -> None:
        self._plan = plan
        self._context = LossContext(plan, class_weights, denominator.divisor)

    def of(self, block: Block, first: Array, maximum: Array, out: RowOutputs) -> RowLosses:
        """Return what a block adds to the loss.

        Parameters
        ----------
        block
            The rows.
        first, maximum
            k and s_k, (n,).
        out
            Where probs, log_partition and dtargets go.
        """
        if self._plan.options.loss == "hinge":
            if self._plan.needs_exponentials:
                Softmax.of(self._plan, block, first, maximum).store(out)
            return label_losses.hinge(self._context, block)
        softmax = Softmax.of(self._plan, block, first, maximum)
        softmax.store(out)
        if not self._plan.is_soft:
            return self._capped(block, label_losses.softmax(self._context, block, softmax))
        if "dtargets" in out:
            gradient = soft_losses.target_gradients(self._context, block, softmax)
            out.put("dtargets", silenced(gradient, block.counted))
        return self._capped(block, soft_losses.softmax(self._context, block, softmax))

    def _capped(self, block: Block, result: RowLosses) -> RowLosses:
        """Return the gradient with the slope of the softcap in it."""
        options = self._plan.options
        if result.gradient is None or options.softcap is None:
            return result
        slope = scores.cap_slope(block.scores, options.temperature, options.softcap)
        return replace(result, gradient=result.gradient * slope)
