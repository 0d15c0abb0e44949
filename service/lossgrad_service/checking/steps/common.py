"""The steps that both losses have in common."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np

from lossgrad.types import Array
from lossgrad_service.checking.batch import Batch

IN_ORDER: Final = (
    *("labels", "live", "sample", "x", "before_relu", "h1", "scores", "tempered", "z"),
    *("log_probs", "probs"),
    *("unmasked", "targets", "smoothed", "mass", "log_partition", "pull", "subtracted", "slope"),
    *("weight", "is_label", "terms", "missed", "at_label"),
    *("row_losses", "z_terms", "divisor", "dz", "dscores", "dh1", "dz1"),
    *("penalty", "penalties"),
)
"""The steps of either loss, none before another that it is made of."""


def log_softmax(z: Array, axis: int | None) -> Array:
    """Return z − lse along an axis, or over all entries."""
    shifted = z - np.max(z, axis=axis, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def times(weights: Array, values: Array) -> Array:
    """Return a product in which 0·∞ is 0."""
    return np.where(weights == 0, 0.0, weights * values)


class Steps:
    """The steps that both losses have in common."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch

    def begin_as(self, other: Steps) -> None:
        """Take over what other steps of the same batch did before the first that differs."""
        done = vars(other)
        for name in IN_ORDER:
            if getattr(type(self), name, None) is not getattr(type(other), name, None):
                return
            if name in done:
                vars(self)[name] = done[name]

    def quantity(self, name: str) -> Array:
        """Return a quantity by its name, with rows on one axis."""
        return np.asarray(getattr(self, name))

    @cached_property
    def divisor(self) -> float:
        """What sums over rows are divided by."""
        return self.batch.divisor

    @cached_property
    def penalty(self) -> float:
        """What the weights are multiplied by in the gradient of R."""
        options = self.batch.options
        return options.reg * (1.0 if options.reg_convention == "half" else 2.0)

    @cached_property
    def labels(self) -> Array:
        """y, (N,)."""
        return self.batch.weights.labels

    @cached_property
    def live(self) -> Array:
        """Which rows count, (N, 1)."""
        return self.batch.weights.live[:, None]

    @cached_property
    def sample(self) -> Array:
        """a, (N, 1)."""
        return self.batch.weights.sample[:, None]

    @cached_property
    def x(self) -> Array:
        """(N, P)."""
        return self.batch.sound_rows("x")

    @cached_property
    def before_relu(self) -> Array:
        """x·w1 + b1."""
        problem = self.batch.problem
        bias = 0.0 if problem.b1 is None else problem.b1
        return self.x @ problem.w1 + bias

    @cached_property
    def h1(self) -> Array:
        """(N, D)."""
        if "h1" in self.batch.problem.inputs:
            return self.batch.sound_rows("h1")
        return np.maximum(self.before_relu, 0)

    @cached_property
    def scores(self) -> Array:
        """s, (N, C)."""
        if "scores" in self.batch.problem.inputs:
            return self.batch.rows("scores")
        problem = self.batch.problem
        bias = 0.0 if problem.b2 is None else problem.b2
        return self.h1 @ problem.w2 + bias

    @cached_property
    def tempered(self) -> Array:
        """The scores under temperature."""
        return self.scores / self.batch.options.temperature

    @cached_property
    def z(self) -> Array:
        """What the softmax sees: s under temperature and softcap; −∞ stays a mask."""
        softcap = self.batch.options.softcap
        if softcap is None:
            return self.tempered
        capped = softcap * np.tanh(self.tempered / softcap)
        return np.where(np.isneginf(self.tempered), self.tempered, capped)

    @cached_property
    def log_probs(self) -> Array:
        """The logarithms of p, (N, C)."""
        return log_softmax(self.z, axis=1)

    @cached_property
    def probs(self) -> Array:
        """p, (N, C)."""
        return np.exp(self.log_probs)

    @cached_property
    def row_losses(self) -> Array:
        """a·c·L of each row, (N,)."""
        raise NotImplementedError

    @cached_property
    def z_terms(self) -> Array:
        """α·a·lse² of each row, (N,)."""
        return np.zeros(self.batch.n_rows)

    @cached_property
    def dscores(self) -> Array:
        """∂loss/∂scores, (N, C)."""
        raise NotImplementedError

    @cached_property
    def penalties(self) -> float:
        """R."""
        problem = self.batch.problem
        sent = [w for w in (problem.w1, problem.w2) if w is not None]
        return self.penalty / 2 * sum(float((w * w).sum()) for w in sent) if self.penalty else 0.0

    @cached_property
    def loss(self) -> float:
        """The whole loss."""
        return float((self.row_losses + self.z_terms).sum()) / self.divisor + self.penalties

    @cached_property
    def dw2(self) -> Array:
        """h1ᵀ·dscores + ∂R/∂w2."""
        return self.h1.T @ self.dscores + self.penalty_gradient("w2")

    @cached_property
    def db2(self) -> Array:
        """The column sums of dscores."""
        return self.dscores.sum(axis=0)

    @cached_property
    def dh1(self) -> Array:
        """dscores·w2ᵀ."""
        return self.dscores @ self.batch.problem.inputs["w2"].T

    @cached_property
    def dz1(self) -> Array:
        """The gradient before the ReLU."""
        return np.where(self.h1 > 0, self.dh1, 0.0)

    @cached_property
    def dw1(self) -> Array:
        """xᵀ·dz1 + ∂R/∂w1."""
        return self.x.T @ self.dz1 + self.penalty_gradient("w1")

    @cached_property
    def db1(self) -> Array:
        """The column sums of dz1."""
        return self.dz1.sum(axis=0)

    @cached_property
    def dx(self) -> Array:
        """dz1·w1ᵀ."""
        return self.dz1 @ self.batch.problem.inputs["w1"].T

    def penalty_gradient(self, weights: str) -> Array | float:
        """Return ∂R/∂W; 0 of weights that were not sent."""
        sent = self.batch.problem.inputs.get(weights)
        return 0.0 if sent is None or not self.penalty else self.penalty * sent
