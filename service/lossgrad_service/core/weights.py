"""Row weights, and the denominator that is made of them before any row is computed."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np

from lossgrad.errors import InvalidArgument
from lossgrad.types import Array, Problem
from lossgrad.types.form import Form
from lossgrad_service.core.inputs import row_parameters, rows_of
from lossgrad_service.core.rows import every, frozen, ready
from lossgrad_service.kernels.matrices import tiles
from lossgrad_service.kernels.wanted import while_wanted

_SUMMED_ROWS = 2**16
"""Rows whose weights are added at a time; fixed, so that the sum has the same bits always."""
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


@lru_cache(maxsize=256)
def _stated_denominator(form: Form) -> float | None:
    """Return the denominator where no entry of an array decides on it; None of an empty mean."""
    options = form.options
    if options.reduction != "mean":
        return 1.0
    if options.denominator is not None:
        return options.denominator
    return None if _weighs_rows(form) or not form.n_rows else float(form.n_rows)


def _weighs_rows(form: Form) -> bool:
    """Return whether any row may count for more or less than 1."""
    sent = form.input_dtypes
    by_class = "class_weights" in sent and "labels" in sent
    return by_class or "sample_weights" in sent or form.options.ignore_index is not None


def _own_denominator(problem: Problem) -> float:
    """Return what a mean divides by: Σ a_i·c_{y_i} with labels, Σ a_i with targets."""
    sent = row_parameters(problem)
    classes = problem.class_weights if problem.labels is not None else None
    weights = None if classes is None else classes.astype(np.float64)
    total = 0.0
    for span in while_wanted(tiles.spans(problem.n_rows, _SUMMED_ROWS)):
        rows = rows_of(sent, span)
        read = RowWeights.read(
            span.stop - span.start,
            rows.get("labels"),
            rows.get("sample_weights"),
            problem.options.ignore_index,
        )
        total += float(read.at_labels(weights).sum())
    return total


class Denominator(NamedTuple):
    """What the loss is divided by."""

    reported: float
    """0 where the mean is empty."""
    zeroes: bool = False
    """Whether the mean is empty and its data part 0."""

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Return the denominator; of the rows, labels and sample weights are read where needed.

        Raises
        ------
        InvalidArgument
            Where the own overflows, or is 0 and `empty_mean` is "error".
        """
        stated = _stated_denominator(problem.form)
        return cls._of_rows(problem) if stated is None else cls(stated)

    @classmethod
    def _of_rows(cls, problem: Problem) -> Self:
        options, reported = problem.options, _own_denominator(problem)
        if not np.isfinite(reported):
            weights = "class_weights" if problem.sample_weights is None else "sample_weights"
            raise InvalidArgument.at(weights, "their sum overflows; scale them down")
        if reported == 0 and options.empty_mean == "error":
            raise InvalidArgument.at(
                "empty_mean",
                "the weights of the rows add up to 0, so that the mean divides by 0; send rows "
                "that count, or choose empty_mean 'zero' or 'nan'",
            )
        return cls(reported, zeroes=reported == 0 and options.empty_mean == "zero")

    @property
    def divisor(self) -> float:
        """D', or NaN for a mean that is empty."""
        return self.reported or np.nan

    def divide(self, total: float) -> float:
        """Return a sum over rows as the answer has it."""
        return 0.0 if self.zeroes else total / self.divisor
