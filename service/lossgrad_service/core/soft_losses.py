"""The general form of the softmax loss: targets, label smoothing, z-term."""

from __future__ import annotations

from typing import cast

import numpy as np

from lossgrad.types import Array
from lossgrad_service.core.block import Block
from lossgrad_service.core.row_losses import LossContext, RowLosses
from lossgrad_service.core.softmax_rows import Softmax
from lossgrad_service.kernels import softmax as kernels
from lossgrad_service.kernels import targets


def softmax(context: LossContext, block: Block, parts: Softmax) -> RowLosses:
    """Return the softmax loss of a block; uses up `parts.exps`."""
    options, sample = context.plan.options, block.weights.sample
    mass = _mass(context, block)
    losses = kernels.soft_losses(mass, cast(Array, parts.below), parts.rest)
    pull, z_terms = mass.sum(axis=1), None
    if options.z_loss > 0:
        lse = parts.log_partition()
        z_terms = sample * lse**2
        pull += 2 * options.z_loss * sample * lse
    if not context.plan.needs_gradient:
        return RowLosses(losses, None, z_terms)
    kernels.soft_gradient(parts.exps, parts.rest, mass, pull, context.divisor, options.temperature)
    return RowLosses(losses, parts.exps, z_terms)


def target_gradients(context: LossContext, block: Block, parts: Softmax) -> Array:
    """Return dtargets of a block, (n, C), float64; 0 for masked classes."""
    weight = block.weights.sample * (1 - context.plan.options.label_smoothing) / context.divisor
    below = cast(Array, parts.below)
    gradient = kernels.target_gradient(below, parts.rest, weight, context.class_weights)
    gradient[np.isneginf(block.scores)] = 0
    return gradient


def _mass(context: LossContext, block: Block) -> Array:
    """Return q of a block."""
    smoothing = context.plan.options.label_smoothing
    target = block.targets
    if target is None:
        target = targets.one_hot(block.weights.labels, context.plan.n_classes)
    if smoothing > 0:
        target = targets.smoothed(target, ~np.isneginf(block.scores), smoothing)
    return targets.masses(target, block.weights.sample, context.class_weights)
