"""Losses with one label a row: Q = a·c_y weighs it, and no other class has a mass."""

from __future__ import annotations

import numpy as np

from lossgrad.types import Array
from lossgrad_service.core.block import Block
from lossgrad_service.core.outputs import RowOutputs
from lossgrad_service.core.row_losses import LossContext, RowLosses, active_rows, are_finite
from lossgrad_service.core.softmax_rows import SoftmaxRows, store
from lossgrad_service.kernels.arrays import frozen
from lossgrad_service.kernels.rows import hinge as hinge_kernels
from lossgrad_service.kernels.rows import softmax as kernels
from lossgrad_service.kernels.rows.partition import Scratch


def softmax(
    context: LossContext, run: Block, scores: Array, out: RowOutputs, gradient: Array | None
) -> RowLosses:
    """Return the softmax loss of a run, and write what is wanted of its rows."""
    weight = run.weights.at_labels(context.class_weights)
    rows, gap = _softmax_rows(context, run, scores, weight, gradient)
    store(context.plan, rows, scores, out)
    losses, sound = kernels.label_losses(rows.rest, gap, weight, run.weights.live)
    return RowLosses(losses, sound, rows.first)


def hinge(
    context: LossContext, run: Block, scores: Array, out: RowOutputs, gradient: Array | None
) -> RowLosses:
    """Return the hinge loss of a run, and write what is wanted of its rows."""
    live, labels = run.weights.live, run.weights.labels
    weight, totals = run.weights.at_labels(context.class_weights), np.zeros(len(scores))
    hinge_kernels.hinge_rows(
        scores,
        labels,
        live,
        run.counted,
        frozen(weight / context.divisor),
        context.plan.options.margin,
        totals,
        np.empty(context.plan.n_classes),
        gradient,
    )
    first = _first(context, run, scores, out)
    losses = np.where(live, hinge_kernels.losses(totals, weight), 0.0)
    at_label = scores[np.arange(len(labels)), labels]
    return RowLosses(losses, are_finite(run, totals, at_label), first)


def _first(context: LossContext, run: Block, scores: Array, out: RowOutputs) -> Array:
    """Return k where something wanted needs the softmax beside a hinge loss, else zeros."""
    if not context.plan.needs_softmax:
        return np.zeros(len(scores), np.intp)
    rows, _ = _softmax_rows(context, run, scores, run.weights.sample, None)
    store(context.plan, rows, scores, out)
    return rows.first


def _softmax_rows(
    context: LossContext, run: Block, scores: Array, weight: Array, gradient: Array | None
) -> tuple[SoftmaxRows, Array]:
    """Return what is told of each row, and m − z_y."""
    rows, gap = SoftmaxRows.empty(len(scores)), np.zeros(len(scores))
    kernels.label_rows(
        scores,
        run.weights.labels,
        active_rows(context, run),
        run.counted,
        weight,
        context.divisor,
        context.plan.options.temperature,
        context.plan.scaling,
        rows.first,
        rows.maximum,
        rows.rest,
        gap,
        Scratch.of(scores),
        gradient,
    )
    return rows, gap
