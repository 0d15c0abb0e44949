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
    z_terms = sample * parts.lse**2 if options.z_loss > 0 else None
    if not context.plan.needs_gradient:
        return RowLosses(losses, None, z_terms)
    pull = mass.sum(axis=1)
    if options.z_loss > 0:
        pull += 2 * options.z_loss * sample * parts.lse
    divisor = context.divisor * options.temperature
    kernels.soft_gradient(parts.exps, parts.rest, mass, pull, divisor)
    return RowLosses(losses, parts.exps, z_terms)


def target_gradients(context: LossContext, block: Block, parts: Softmax) -> Array:
    """Return dtargets of a block, (n, C), float64; 0 for masked classes."""
    weight = block.weights.sample * (1 - context.plan.options.label_smoothing) / context.divisor
    below = cast(Array, parts.below)
    gradient = kernels.target_gradient(below, parts.rest, weight, _class_weights(context))
    gradient[np.isneginf(block.scores)] = 0
    return gradient


def _mass(context: LossContext, block: Block) -> Array:
    """Return q of a block."""
    smoothing = context.plan.options.label_smoothing
    # Both are fresh float64 arrays, so that they may be weighed in place.
    mass = one_hot(context, block) if block.targets is None else block.targets
    if smoothing > 0:
        mass = targets.smoothed(mass, ~np.isneginf(block.scores), smoothing)
    targets.weigh(mass, block.weights.sample, context.class_weights)
    return mass
