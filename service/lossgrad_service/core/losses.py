"""The loss of a run of rows: which formulas, and where its gradient goes."""

from __future__ import annotations

from collections.abc import Callable

from lossgrad.types import Array
from lossgrad_service.core import label_losses, soft_losses
from lossgrad_service.core.block import Block
from lossgrad_service.core.outputs import RowOutputs
from lossgrad_service.core.plan import Plan
from lossgrad_service.core.row_losses import LossContext, RowLosses
from lossgrad_service.core.rows import ready


def losses_of(
    context: LossContext, run: Block, out: RowOutputs, gradient: Array | None
) -> RowLosses:
    """Return what a run of rows adds to the loss, and store what depends on a row alone.

    Parameters
    ----------
    context, run
        What is the same for all rows, and the rows.
    out
        Where the outputs with rows go, dscores among them.
    gradient
        Room for dScores in the row dtype where more is computed from it, (n, C).
    """
    scores = ready(run.scores, context.plan.row_dtype)
    if gradient is None and "dscores" in out:
        gradient = out.matrix("dscores", scores.shape)
    result = _form(context.plan)(context, run, scores, out, gradient)
    out.put_numbers("row_losses", result.losses)
    if gradient is not None:
        out.put_computed("dscores", gradient)
    return result


def _form(plan: Plan) -> Callable[..., RowLosses]:
    """Return the form of the loss that computes no more than a problem needs."""
    if plan.options.loss == "hinge":
        return label_losses.hinge
    return soft_losses.softmax if plan.is_soft else label_losses.softmax
