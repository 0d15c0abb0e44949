"""Every quantity as a textbook computes it, one step at a time.

Not how lossgrad computes: this is what its callers write, with the max shifted and in
float64. A mistake is a class that does one of these steps otherwise, so that all steps
behind it go wrong as they would in the caller's code.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np

from lossgrad.types import Array
from lossgrad_service.checking.batch import Batch

_FORWARD: Final = ("x", "before_relu", "h1", "scores")


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
        """Take over the layers' forward pass from other steps of the same batch."""
        done = vars(other)
        vars(self).update({name: done[name] for name in _FORWARD if name in done})

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
    def z(self) -> Array:
        """What the softmax sees: s under temperature and softcap; −∞ stays a mask."""
        options = self.batch.options
        tempered = self.scores / options.temperature
        if options.softcap is None:
            return tempered
        capped = options.softcap * np.tanh(tempered / options.softcap)
        return np.where(np.isneginf(tempered), tempered, capped)

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


class Softmax(Steps):
    """The steps of the softmax loss in its general form."""

    @cached_property
    def unmasked(self) -> Array:
        """Which classes take part, (N, C)."""
        return ~np.isneginf(self.z)

    @cached_property
    def targets(self) -> Array:
        """t, (N, C): what was sent, or 1 at the label."""
        if "targets" in self.batch.problem.inputs:
            return self.batch.sound_rows("targets")
        return (np.arange(self.batch.n_classes) == self.labels[:, None]).astype(np.float64)

    @cached_property
    def smoothed(self) -> Array:
        """(1−ε)·t + ε/K, (N, C)."""
        epsilon = self.batch.options.label_smoothing
        if epsilon == 0:
            return self.targets
        share = epsilon / np.maximum(self.unmasked.sum(axis=1, keepdims=True), 1)
        return (1 - epsilon) * self.targets + np.where(self.unmasked, share, 0.0)

    @cached_property
    def mass(self) -> Array:
        """q, (N, C): what each class weighs in the row's loss."""
        return self.sample * self.batch.class_weights * self.smoothed

    @cached_property
    def log_partition(self) -> Array:
        """lse, (N, 1)."""
        m = np.max(self.z, axis=1, keepdims=True)
        return m + np.log(np.exp(self.z - m).sum(axis=1, keepdims=True))

    @cached_property
    def pull(self) -> Array:
        """Q + 2αa·lse, (N, 1): what p is multiplied by."""
        total = self.mass.sum(axis=1, keepdims=True)
        alpha = self.batch.options.z_loss
        return total + 2 * alpha * self.sample * self.log_partition if alpha else total

    @cached_property
    def row_losses(self) -> Array:
        """Σ_j q_j·(−log p_j), (N,)."""
        return times(self.mass, -self.log_probs).sum(axis=1)

    @cached_property
    def z_terms(self) -> Array:
        """α·a·lse² of each row, (N,)."""
        alpha = self.batch.options.z_loss
        if alpha == 0:
            return np.zeros(self.batch.n_rows)
        return times(alpha * self.sample, self.log_partition**2)[:, 0]

    @cached_property
    def slope(self) -> Array | float:
        """dz/ds."""
        options = self.batch.options
        if options.softcap is None:
            return 1 / options.temperature
        capped = self.scores / options.temperature / options.softcap
        return np.cosh(capped) ** -2.0 / options.temperature

    @cached_property
    def subtracted(self) -> Array:
        """What is subtracted from the probabilities: q."""
        return self.mass

    @cached_property
    def dscores(self) -> Array:
        """(pull·p − q)/D', times the slope; 0 in rows that do not count."""
        dz = (self.pull * self.probs - self.subtracted) / self.divisor
        return np.where(self.live & self.unmasked, dz * self.slope, 0.0)

    @cached_property
    def dtargets(self) -> Array:
        """a·c·(1−ε)·(−log p)/D'; 0 where masked."""
        factor = self.sample * self.batch.class_weights * (1 - self.batch.options.label_smoothing)
        gradient = times(factor, -self.log_probs) / self.divisor
        return np.where(self.unmasked & self.live, gradient, 0.0)


class Hinge(Steps):
    """The steps of the multiclass hinge loss."""

    @cached_property
    def weight(self) -> Array:
        """a·c at the label, (N, 1)."""
        return self.batch.weights.at_labels(self.batch.class_weights)[:, None]

    @cached_property
    def is_label(self) -> Array:
        """(N, C)."""
        return np.arange(self.batch.n_classes) == self.labels[:, None]

    @cached_property
    def terms(self) -> Array:
        """z_j − z_y + margin, (N, C); −∞ at the label."""
        own = np.take_along_axis(self.z, self.labels[:, None], axis=1)
        return np.where(self.is_label, -np.inf, self.z - own + self.batch.options.margin)

    @cached_property
    def row_losses(self) -> Array:
        """a·c·Σ max(0, term), (N,)."""
        return times(self.weight, np.maximum(self.terms, 0)).sum(axis=1)

    @cached_property
    def missed(self) -> Array:
        """a·c where a class is less than the margin behind the label, (N, C)."""
        return np.where((self.terms > 0) & self.live, self.weight, 0.0)

    @cached_property
    def at_label(self) -> Array:
        """What the gradient has at the label before it is divided, (N, 1)."""
        return -self.missed.sum(axis=1, keepdims=True)

    @cached_property
    def dscores(self) -> Array:
        """1 for each class that is too close, minus their count at the label."""
        return np.where(self.is_label, self.at_label, self.missed) / self.divisor


def steps_of(batch: Batch) -> type[Steps]:
    """Return the steps of a batch's loss."""
    return Hinge if batch.options.loss == "hinge" else Softmax
