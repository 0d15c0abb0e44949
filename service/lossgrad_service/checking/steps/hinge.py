"""The steps of the multiclass hinge loss."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from lossgrad.types import Array
from lossgrad_service.checking.steps.common import Steps, times


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
