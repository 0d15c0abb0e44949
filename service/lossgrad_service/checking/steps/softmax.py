"""The steps of the softmax loss."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from lossgrad.types import Array
from lossgrad_service.checking.steps.common import Steps, times


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
        return np.cosh(self.tempered / options.softcap) ** -2.0 / options.temperature

    @cached_property
    def subtracted(self) -> Array:
        """What is subtracted from the probabilities: q."""
        return self.mass

    @cached_property
    def dz(self) -> Array:
        """(pull·p − q)/D', (N, C)."""
        return (self.pull * self.probs - self.subtracted) / self.divisor

    @cached_property
    def dscores(self) -> Array:
        """∂loss/∂z times dz/ds; 0 in rows that do not count."""
        return np.where(self.live & self.unmasked, self.dz * self.slope, 0.0)

    @cached_property
    def dtargets(self) -> Array:
        """a·c·(1−ε)·(−log p)/D'; 0 where masked."""
        factor = self.sample * self.batch.class_weights * (1 - self.batch.options.label_smoothing)
        gradient = times(factor, -self.log_probs) / self.divisor
        return np.where(self.unmasked & self.live, gradient, 0.0)
