"""The loss of a run of rows: which formulas, and where its gradient goes."""

from __future__ import annotations

import numpy as np

from lossgrad.types import Array
from lossgrad_service.core import label_losses, soft_losses
from lossgrad_service.core.block import Block
from lossgrad_service.core.outputs import RowOutputs
from lossgrad_service.core.plan import Plan
from lossgrad_service.core.row_losses import LossContext, RowLosses
from lossgrad_service.core.rows import frozen, ready
from lossgrad_service.core.weights import Denominator


class Losses:
    """Computes losses and their gradients, and stores what depends on a row alone."""

    def __init__(self, plan: Plan, class_weights: Array | None, denominator: Denominator) -> None:
        self._plan = plan
        self._context = LossContext(
            plan, class_weights, _written_out(plan, class_weights), denominator.divisor
        )

    def of(self, run: Block, out: RowOutputs, gradient: Array | None) -> RowLosses:
        """Return what a run of rows adds to the loss.

        Parameters
        ----------
        run
            The rows.
        out
            Where the outputs with rows go, dscores among them.
        gradient
            Room for dScores in the row dtype where more is computed from it, (n, C).
        """
        scores = ready(run.scores, self._plan.row_dtype)
        if gradient is None and "dscores" in out:
            gradient = out.matrix("dscores", scores.shape)
        result = self._form(run, scores, out, gradient)
        out.put_numbers("row_losses", result.losses)
        if gradient is not None:
            out.put("dscores", gradient)
        return result

    def _form(
        self, run: Block, scores: Array, out: RowOutputs, gradient: Array | None
    ) -> RowLosses:
        if self._plan.options.loss == "hinge":
            return label_losses.hinge(self._context, run, scores, out, gradient)
        form = soft_losses.softmax if self._plan.is_soft else label_losses.softmax
        return form(self._context, run, scores, out, gradient)


def _written_out(plan: Plan, class_weights: Array | None) -> Array:
    """Return c with its ones, for the general form; nobody else pays for them."""
    if class_weights is None:
        class_weights = np.ones(plan.n_classes) if plan.is_soft else _NONE
    return frozen(class_weights)


_NONE = np.ones(0)
