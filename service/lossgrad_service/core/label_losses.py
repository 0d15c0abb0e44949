"""Losses with one label a row: Q = a·c_y weighs it, and no other class has a mass."""

from __future__ import annotations

import numpy as np

from lossgrad_service.core.block import Block
from lossgrad_service.core.row_losses import LossContext, RowLosses
from lossgrad_service.core.softmax_rows import Softmax
from lossgrad_service.kernels import hinge as hinge_kernels
from lossgrad_service.kernels import scores
from lossgrad_service.kernels import softmax as softmax_kernels


def softmax(context: LossContext, block: Block, parts: Softmax) -> RowLosses:
    """Return the softmax loss of a block; uses up `parts.exps`."""
    options, labels = context.plan.options, block.weights.labels
    weight = block.weights.at_labels(context.class_weights)
    at_label = block.scores[np.arange(len(labels)), labels][:, None]
    below = scores.below_maximum(
        at_label, parts.maximum, options.temperature, options.softcap, np.dtype(np.float64)
    )
    losses = softmax_kernels.label_losses(parts.rest, -below[:, 0], weight)
    if not context.plan.needs_gradient:
        return RowLosses(losses, None)
    pull = weight / context.divisor / options.temperature
    softmax_kernels.label_gradient(parts.exps, parts.rest, parts.first, labels, pull)
    return RowLosses(losses, parts.exps)


def hinge(context: LossContext, block: Block) -> RowLosses:
    """Return the hinge loss of a block."""
    weight = block.weights.at_labels(context.class_weights)
    labels, margin = block.weights.labels, context.plan.options.margin
    excess = hinge_kernels.violations(block.scores, labels, margin)
    losses = hinge_kernels.losses(excess, weight)
    if not context.plan.needs_gradient:
        return RowLosses(losses, None)
    pull = np.where(np.isnan(losses), np.nan, weight / context.divisor)
    hinge_kernels.gradient(excess, labels, pull)
    return RowLosses(losses, excess)
