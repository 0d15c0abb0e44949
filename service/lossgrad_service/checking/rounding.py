"""What plain arithmetic may lose: an absolute error for each entry of each quantity.

A right gradient has entries that are small because large numbers cancelled, p_y − 1 of a
sure row and sums over rows above all. There a float32 of the caller's agrees in no digit,
and is not wrong. So the error of each step is carried to the next, entry by entry, as
numerical analysis does it by hand, to first order.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

import numpy as np

from lossgrad.types import Array
from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.steps import Hinge, Softmax, Steps

FEW: Final = 8
"""Units that an exponential, a logarithm and a few operations may lose."""

UNITS: Final[Mapping[int, float]] = {4: 2.0**-24, 8: 2.0**-53}
"""Half a unit in the last place of 1, by bytes."""

_SMALLEST: Final[Mapping[float, float]] = {2.0**-24: 2.0**-126, 2.0**-53: 2.0**-1022}
"""The smallest normal number beside each unit."""


def summed(n: int) -> float:
    """Return the units that a sum of n terms may lose, whose errors are of either sign."""
    return FEW + np.sqrt(n)


class Rounding:
    """The errors of the steps that both losses have in common."""

    def __init__(self, right: Steps, unit: float) -> None:
        self.batch: Batch = right.batch
        self.steps = right
        self.unit = unit

    def of(self, name: str) -> Array:
        """Return the absolute error that a quantity may have, entry by entry."""
        return np.asarray(getattr(self, name))

    @cached_property
    def divided(self) -> float:
        """That of D', relative, whose weights may cancel."""
        size = float(np.abs(self.batch.weights.at_labels(self.batch.class_weights)).sum())
        growth = size / abs(self.steps.divisor) if size else 1.0
        return self.unit * summed(self.batch.n_rows) * max(1.0, growth)

    @cached_property
    def before_relu(self) -> Array:
        """That of x·w1 + b1."""
        inputs = self.batch.problem.inputs
        bias = np.abs(inputs["b1"]) if "b1" in inputs else 0.0
        size = np.abs(self.steps.x) @ np.abs(inputs["w1"]) + bias
        return self.unit * summed(self.steps.x.shape[1]) * size

    @cached_property
    def h1(self) -> Array | float:
        """That of h1; 0 where it was sent."""
        return self.before_relu if "x" in self.batch.problem.inputs else 0.0

    @cached_property
    def scores(self) -> Array:
        """That of s; 0 where they were sent."""
        inputs, h1 = self.batch.problem.inputs, self.steps.h1 if self._is_layer else None
        if h1 is None:
            return np.zeros_like(self.steps.z)
        w2, bias = np.abs(inputs["w2"]), inputs.get("b2", np.zeros(self.batch.n_classes))
        size = np.abs(h1) @ w2 + np.abs(np.where(np.isneginf(bias), 0, bias))
        error = self.unit * summed(h1.shape[1]) * size
        return error + self.h1 @ w2 if "x" in inputs else error

    @property
    def _is_layer(self) -> bool:
        return "scores" not in self.batch.problem.inputs

    @cached_property
    def z(self) -> Array:
        """That of z, under temperature and softcap."""
        size = np.where(np.isfinite(self.steps.z), np.abs(self.steps.z), 0.0)
        scaled = self.unit * FEW * size if self._is_scaled else 0.0
        return self.scores / self.batch.options.temperature + scaled

    @property
    def _is_scaled(self) -> bool:
        options = self.batch.options
        return options.temperature != 1 or options.softcap is not None

    @cached_property
    def log_probs(self) -> Array:
        """That of log p, which is what p loses relatively.

        z is as large as it is, and its differences with the maximum and with lse are
        rounded at the size of what they are made of.
        """
        z = np.where(np.isfinite(self.steps.z), self.steps.z, 0.0)
        size = np.abs(z) + np.abs(z).max(axis=1, keepdims=True)
        own = self.unit * (summed(self.batch.n_classes) + size) + self.z
        return own + (self.steps.probs * own).sum(axis=1, keepdims=True)

    @cached_property
    def probs(self) -> Array:
        """That of p, which may have underflowed."""
        return self.steps.probs * self.log_probs + _SMALLEST[self.unit]

    @cached_property
    def row_losses(self) -> Array:
        """That of a·c·L."""
        raise NotImplementedError

    @cached_property
    def dscores(self) -> Array:
        """That of ∂loss/∂scores."""
        raise NotImplementedError

    @cached_property
    def z_terms(self) -> Array:
        """That of α·a·lse²."""
        return np.zeros(self.batch.n_rows)

    @cached_property
    def loss(self) -> float:
        """That of the loss, whose rows may cancel where weights are negative."""
        steps = self.steps
        size = float(np.abs(steps.row_losses).sum() + np.abs(steps.z_terms).sum())
        errors = float((self.row_losses + self.z_terms).sum())
        units = self.unit * summed(self.batch.n_rows) + self.divided
        of_weights = self.unit * summed(_n_weights(self.batch)) * steps.penalties
        return (errors + units * size) / abs(steps.divisor) + of_weights

    @cached_property
    def dw2(self) -> Array:
        """That of h1ᵀ·dscores + ∂R/∂w2."""
        h1, dscores = np.abs(self.steps.h1), np.abs(self.steps.dscores)
        carried = h1.T @ self.dscores + np.broadcast_to(self.h1, h1.shape).T @ dscores
        return carried + self._product(h1.T, dscores) + self._penalty("w2")

    @cached_property
    def db2(self) -> Array:
        """That of the column sums of dscores."""
        return self._columns(self.dscores, self.steps.dscores)

    @cached_property
    def dh1(self) -> Array:
        """That of dscores·w2ᵀ."""
        w2 = np.abs(self.batch.problem.inputs["w2"]).T
        return self.dscores @ w2 + self._product(np.abs(self.steps.dscores), w2)

    @cached_property
    def dz1(self) -> Array:
        """That of the gradient before the ReLU; all of it where the gate may be either way."""
        dh1 = self.steps.dh1
        open_gate = np.where(self.steps.h1 > 0, self.dh1, 0.0)
        is_either = np.abs(self.steps.before_relu) <= self.before_relu
        return np.where(is_either, np.abs(dh1) + self.dh1, open_gate)

    @cached_property
    def dw1(self) -> Array:
        """That of xᵀ·dz1 + ∂R/∂w1."""
        x, dz1 = np.abs(self.steps.x).T, np.abs(self.steps.dz1)
        return x @ self.dz1 + self._product(x, dz1) + self._penalty("w1")

    @cached_property
    def db1(self) -> Array:
        """That of the column sums of dz1."""
        return self._columns(self.dz1, self.steps.dz1)

    @cached_property
    def dx(self) -> Array:
        """That of dz1·w1ᵀ."""
        w1 = np.abs(self.batch.problem.inputs["w1"]).T
        return self.dz1 @ w1 + self._product(np.abs(self.steps.dz1), w1)

    def _columns(self, errors: Array, entries: Array) -> Array:
        units = self.unit * summed(len(entries))
        return errors.sum(axis=0) + units * np.abs(entries).sum(axis=0)

    def _product(self, left: Array, right: Array) -> Array:
        """Return what a product of matrices with entries ≥ 0 may lose by itself."""
        return self.unit * summed(left.shape[1]) * (left @ right)

    def _penalty(self, weights: str) -> Array:
        return self.unit * FEW * np.abs(np.asarray(self.steps.penalty_gradient(weights)))


class SoftmaxRounding(Rounding):
    """The errors of the softmax loss."""

    steps: Softmax

    @cached_property
    def log_partition(self) -> Array:
        """That of lse, (N, 1)."""
        of_z = (self.steps.probs * self.z).sum(axis=1, keepdims=True)
        units = summed(self.batch.n_classes) + np.abs(self.steps.log_partition)
        return self.unit * units + of_z

    @cached_property
    def mass(self) -> Array:
        """|q|, (N, C), whose signs do not matter here."""
        return np.where(self.steps.live, np.abs(self.steps.mass), 0.0)

    @cached_property
    def row_losses(self) -> Array:
        """That of Σ q·(−log p)."""
        size = np.where(self.mass > 0, np.abs(self.steps.log_probs), 0.0)
        units = self.unit * summed(self.batch.n_classes)
        return np.where(self.mass > 0, self.mass * (self.log_probs + units * size), 0.0).sum(axis=1)

    @cached_property
    def z_terms(self) -> Array:
        """That of α·a·lse²."""
        steps, alpha = self.steps, self.batch.options.z_loss
        if alpha == 0:
            return np.zeros(self.batch.n_rows)
        size = np.abs(alpha * steps.sample * steps.log_partition)
        lost = 2 * self.log_partition + self.unit * FEW * np.abs(steps.log_partition)
        return np.where(steps.live, size * lost, 0.0)[:, 0]

    @cached_property
    def pull(self) -> Array:
        """That of Q + 2αa·lse, (N, 1)."""
        steps, alpha = self.steps, self.batch.options.z_loss
        of_mass = self.unit * summed(self.batch.n_classes) * self.mass.sum(axis=1, keepdims=True)
        if alpha == 0:
            return of_mass
        return of_mass + 2 * alpha * np.abs(steps.sample) * self.log_partition

    @cached_property
    def dscores(self) -> Array:
        """That of (pull·p − q)/D' times the slope, and of the slope as 1 − tanh²."""
        steps = self.steps
        size = np.abs(steps.pull) * steps.probs + self.mass
        error = np.abs(steps.pull) * self.probs + self.pull * steps.probs
        error += (self.unit * FEW + self.divided) * size
        of_slope = size * self.unit * FEW * (1 + np.abs(steps.z)) / self.batch.options.temperature
        total = error * steps.slope + (of_slope if self.batch.options.softcap else 0.0)
        return np.where(steps.live & steps.unmasked, total / abs(steps.divisor), 0.0)

    @cached_property
    def dtargets(self) -> Array:
        """That of a·c·(1−ε)·(−log p)/D'."""
        steps = self.steps
        size = np.where(steps.unmasked, np.abs(steps.log_probs), 0.0)
        factor = np.abs(steps.sample * self.batch.class_weights) / abs(steps.divisor)
        error = factor * (self.log_probs + (self.unit * FEW + self.divided) * size)
        return np.where(steps.unmasked & steps.live, error, 0.0)


class HingeRounding(Rounding):
    """The errors of the hinge loss."""

    steps: Hinge

    @cached_property
    def terms(self) -> Array:
        """That of z_j − z_y + margin."""
        z = np.where(np.isfinite(self.steps.z), np.abs(self.steps.z), 0.0)
        labels = self.steps.labels[:, None]
        size = z + np.take_along_axis(z, labels, axis=1) + self.batch.options.margin
        carried = self.scores + np.take_along_axis(self.scores, labels, axis=1)
        return carried + self.unit * FEW * size

    @cached_property
    def row_losses(self) -> Array:
        """That of a·c·Σ max(0, term)."""
        steps = self.steps
        near = steps.terms > -self.terms
        units = self.unit * summed(self.batch.n_classes)
        error = np.where(near, self.terms + units * np.abs(steps.terms), 0.0)
        total = np.abs(steps.weight) * error.sum(axis=1, keepdims=True)
        return np.where(steps.live, total, 0.0)[:, 0]

    @cached_property
    def dscores(self) -> Array:
        """All that a term counts for where it may be on either side of its kink."""
        steps = self.steps
        is_either = (np.abs(steps.terms) <= self.terms) & steps.live
        jumps = np.where(is_either, np.abs(steps.weight), 0.0)
        jumps += np.where(steps.is_label, jumps.sum(axis=1, keepdims=True), 0.0)
        units = self.unit * summed(self.batch.n_classes) + self.divided
        return (jumps + units * np.abs(steps.dscores * steps.divisor)) / abs(steps.divisor)


def rounding_of(right: Steps, unit: float) -> Rounding:
    """Return the errors of a batch computed rightly with this unit."""
    kind = HingeRounding if isinstance(right, Hinge) else SoftmaxRounding
    return kind(right, unit)


def _n_weights(batch: Batch) -> int:
    return sum(w.size for w in (batch.problem.w1, batch.problem.w2) if w is not None)
