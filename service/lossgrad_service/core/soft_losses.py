"""The general form of the softmax loss: targets, label smoothing, z-term."""

from __future__ import annotations

from typing import cast

import numpy as np

from lossgrad.types import Array
from lossgrad_service.core.block import Block
from lossgrad_service.core.outputs import RowOutputs
from lossgrad_service.core.row_losses import LossContext, RowLosses, active_rows, are_finite
from lossgrad_service.core.rows import ready
from lossgrad_service.core.softmax_rows import SoftmaxRows, store
from lossgrad_service.kernels.arrays import frozen
from lossgrad_service.kernels.rows import soft as kernels
from lossgrad_service.kernels.rows.targets import Weights


def softmax(
    context: LossContext, run: Block, scores: Array, out: RowOutputs, gradient: Array | None
) -> RowLosses:
    """Return the softmax loss of a run, and write what is wanted of its rows."""
    rows, n_rows = SoftmaxRows.empty(len(scores)), len(scores)
    losses, z_terms, sound = np.zeros(n_rows), np.zeros(n_rows), np.ones(n_rows, bool)
    told = (rows.first, rows.maximum, rows.rest)
    statistics = kernels.Statistics(*told, losses, z_terms, sound)
    kernels.soft_rows(
        scores,
        run.weights.labels,
        None if run.targets is None else ready(run.targets, np.dtype(np.float64)),
        active_rows(context, run),
        run.counted,
        _weights(context, run),
        context.plan.scaling,
        kernels.Division(context.divisor, context.plan.options.temperature),
        statistics,
        kernels.RowScratch.of(scores),
        gradient,
    )
    store(context.plan, rows, scores, out)
    _store_target_gradient(context, run, scores, rows, out)
    live = run.weights.live
    return RowLosses(
        np.where(live, losses, 0.0),
        bool((sound | ~live).all()) and are_finite(run, rows.rest, losses),
        rows.first,
        np.where(live, z_terms, 0.0) if context.plan.options.z_loss > 0 else None,
    )


def _weights(context: LossContext, run: Block) -> Weights:
    options, classes = context.plan.options, cast(Array, context.class_weights)
    return Weights(run.weights.sample, classes, options.label_smoothing, options.z_loss)


def _store_target_gradient(
    context: LossContext, run: Block, scores: Array, rows: SoftmaxRows, out: RowOutputs
) -> None:
    """Write dtargets where they are wanted: 0 for masked classes and in rows that do not count."""
    if "dtargets" not in out:
        return
    weight = run.weights.sample * (1 - context.plan.options.label_smoothing) / context.divisor
    gradient = out.matrix("dtargets", scores.shape)
    kernels.target_gradient_rows(
        scores,
        frozen(rows.first),
        frozen(rows.rest),
        run.counted,
        frozen(weight),
        cast(Array, context.class_weights),
        context.plan.scaling,
        kernels.RowScratch.of(scores),
        gradient,
    )
    out.put_computed("dtargets", gradient)
