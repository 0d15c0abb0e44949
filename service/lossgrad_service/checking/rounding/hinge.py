"""The errors of the multiclass hinge loss."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from lossgrad.types import Array
from lossgrad_service.checking.rounding.common import FEW, Rounding, summed
from lossgrad_service.checking.steps import Hinge


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
        size = np.abs(steps.dscores * steps.divisor)
        return (jumps + units * size) / abs(steps.divisor) + self.underflow
