"""The errors of the steps that both losses have in common."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np

from lossgrad.types import Array
from lossgrad_service.checking.arithmetic import Arithmetic
from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.steps import Steps

FEW: Final = 8
"""Units that an exponential, a logarithm and a few operations may lose."""


def summed(n: int) -> float:
    """Return the units that a sum of n terms may lose, whose errors are of either sign."""
    return FEW + np.sqrt(n)


class Rounding:
    """The errors of the steps that both losses have in common."""

    def __init__(self, right: Steps, arithmetic: Arithmetic) -> None:
        self.batch: Batch = right.batch
        self.steps = right
        self.arithmetic = arithmetic
        self.unit = arithmetic.unit
        self.underflow = arithmetic.underflow

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
        product = self._product(np.abs(self.steps.x), np.abs(inputs["w1"]))
        return product + self.unit * summed(self.steps.x.shape[1]) * bias

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
        return self.steps.probs * self.log_probs + self.underflow

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
        n = left.shape[1]
        return self.unit * summed(n) * (left @ right) + n * self.underflow

    def _penalty(self, weights: str) -> Array:
        size = np.abs(np.asarray(self.steps.penalty_gradient(weights)))
        return self.unit * FEW * size + self.underflow


def _n_weights(batch: Batch) -> int:
    return sum(w.size for w in (batch.problem.w1, batch.problem.w2) if w is not None)
