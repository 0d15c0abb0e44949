"""The labels and weights of rows."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from lossgrad.types import Array
from lossgrad_service.core.rows import every, ready
from lossgrad_service.kernels.arrays import frozen

_INDEX, _WEIGHT = np.dtype(np.intp), np.dtype(np.float64)


class RowWeights(NamedTuple):
    """The labels and weights of a run of rows, read-only."""

    labels: Array
    """y, (n,), intp; class 0 stands in where the label is ignored, and with targets."""
    sample: Array
    """a, (n,), float64; 0 where the label is ignored."""
    live: Array
    """a ≠ 0, (n,), bool."""
    ignored: Array
    """Where the label is `ignore_index`, (n,), bool."""

    @classmethod
    def read(
        cls, n_rows: int, labels: Array | None, sample: Array | None, ignore_index: int | None
    ) -> Self:
        """Return what labels and sample weights as sent, each (n,) or None, say."""
        weights = every(1.0, n_rows) if sample is None else ready(sample, _WEIGHT)
        classes = every(0, n_rows) if labels is None else labels
        ignored = every(False, n_rows)
        if labels is not None and ignore_index is not None:
            ignored = frozen(labels == ignore_index)
            weights = frozen(np.where(ignored, 0.0, weights))
            classes = np.where(ignored, 0, labels)
        counts_all = sample is None and ignore_index is None
        live = every(True, n_rows) if counts_all else frozen(weights != 0)
        return cls(ready(classes, _INDEX), weights, live, ignored)

    def at(self, span: slice) -> RowWeights:
        """Return the weights of some rows of these."""
        return RowWeights(self.labels[span], self.sample[span], self.live[span], self.ignored[span])

    def at_labels(self, class_weights: Array | None) -> Array:
        """Return a·c_y, (n,), float64, of rows with labels; a without class weights."""
        if class_weights is None:
            return self.sample
        return frozen(self.sample * class_weights[self.labels])
