"""The errors of the softmax loss."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from lossgrad.types import Array
from lossgrad_service.checking.rounding.common import FEW, Rounding, summed
from lossgrad_service.checking.steps import Softmax


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
        divided = total / abs(steps.divisor) + self.underflow
        return np.where(steps.live & steps.unmasked, divided, 0.0)

    @cached_property
    def dtargets(self) -> Array:
        """That of a·c·(1−ε)·(−log p)/D'."""
        steps = self.steps
        size = np.where(steps.unmasked, np.abs(steps.log_probs), 0.0)
        factor = np.abs(steps.sample * self.batch.class_weights) / abs(steps.divisor)
        error = factor * (self.log_probs + (self.unit * FEW + self.divided) * size) + self.underflow
        return np.where(steps.unmasked & steps.live, error, 0.0)
