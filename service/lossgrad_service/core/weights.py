"""Row weights, and the denominator that is made of them before any row is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from lossgrad.errors import InvalidArgument
from lossgrad.types import Array, Options
from lossgrad_service.kernels import tiles

_SUMMED_ROWS = 2**16
"""Rows whose weights are added at a time; fixed, so that the sum has the same bits always."""


@dataclass(frozen=True, slots=True)
class RowWeights:
    """The labels and weights of a run of rows."""

    labels: Array
    """y, (n,), intp; class 0 stands in where the label is ignored, and with targets."""
    has_labels: bool
    sample: Array
    """a, (n,), float64; 0 where the label is ignored."""
    live: Array
    """a ≠ 0, (n,), bool."""
    n_ignored: int

    @classmethod
    def read(
        cls, n_rows: int, labels: Array | None, sample: Array | None, ignore_index: int | None
    ) -> Self:
        """Return what labels and sample weights as sent, each (n,) or None, say."""
        weights = np.ones(n_rows) if sample is None else sample.astype(np.float64)
        if labels is None:
            return cls(np.zeros(n_rows, np.intp), False, weights, weights != 0, 0)
        classes = labels
        ignored = np.zeros(n_rows, bool) if ignore_index is None else labels == ignore_index
        if ignored.any():
            weights[ignored] = 0
            classes = np.where(ignored, 0, labels)
        n_ignored = int(np.count_nonzero(ignored))
        return cls(classes.astype(np.intp), True, weights, weights != 0, n_ignored)

    def at(self, span: slice) -> RowWeights:
        """Return the weights of some rows of these; `n_ignored` still counts them all."""
        return RowWeights(
            self.labels[span], self.has_labels, self.sample[span], self.live[span], self.n_ignored
        )

    def at_labels(self, class_weights: Array | None) -> Array:
        """Return a·c_y, (n,), float64; a where there are no labels or no class weights."""
        if class_weights is None or not self.has_labels:
            return self.sample
        return self.sample * class_weights[self.labels]


def own_denominator(
    read: Callable[[slice], RowWeights], n_rows: int, class_weights: Array | None
) -> float:
    """Return what a mean divides by: Σ a_i·c_{y_i} with labels, Σ a_i with targets.

    Parameters
    ----------
    read
        Returns the weights of a run of rows.
    n_rows
        N.
    class_weights
        c, (C,), float64, or None.
    """
    total = 0.0
    for span in tiles.spans(n_rows, _SUMMED_ROWS):
        total += float(read(span).at_labels(class_weights).sum())
    return total


@dataclass(frozen=True, slots=True)
class Denominator:
    """What the loss is divided by."""

    reported: float
    divisor: float
    """The same, but where that is 0: ∞, which makes the data part 0, or NaN."""

    @classmethod
    def of(cls, options: Options, own: Callable[[], float]) -> Self:
        """Return the denominator; `own` is called where the mean's own is needed.

        Raises
        ------
        InvalidArgument
            Where the own is 0 and `empty_mean` is "error".
        """
        if options.reduction != "mean":
            return cls(1.0, 1.0)
        reported = own() if options.denominator is None else options.denominator
        if reported != 0:
            return cls(reported, reported)
        if options.empty_mean == "error":
            raise InvalidArgument.at(
                "empty_mean",
                "the weights of the rows add up to 0, so that the mean divides by 0; send rows "
                "that count, or choose empty_mean 'zero' or 'nan'",
            )
        return cls(0.0, np.inf if options.empty_mean == "zero" else np.nan)

    @property
    def is_empty(self) -> bool:
        """Whether the data part is 0 because there is nothing to divide by."""
        return self.divisor == np.inf
