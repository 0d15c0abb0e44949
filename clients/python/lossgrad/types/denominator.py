"""What each row of a batch counts for, and what its mean divides by.

Whoever cuts a batch into parts has to know the denominator of the whole, to the last bit:
a row's gradient is made with it. So there is one way to add it up, for clients and servers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, Self

import numpy as np

from lossgrad.errors import InvalidArgument
from lossgrad.types.arrays import Array, read_rows
from lossgrad.types.form import Form
from lossgrad.types.problem import Problem

_SUMMED_ROWS: Final = 2**16
"""Rows whose weights are added at a time; fixed, so that the sum has the same bits always."""

Each = Callable[[Sequence[slice]], Iterable[slice]]
"""Hands out runs of rows; what it raises between them ends the sum."""


class Denominator(NamedTuple):
    """What the loss is divided by."""

    reported: float
    """0 where the mean is empty."""
    zeroes: bool = False
    """Whether the mean is empty and its data part 0."""

    @classmethod
    def of(cls, problem: Problem, each: Each = iter) -> Self:
        """Return the denominator; of the rows, labels and sample weights are read where needed.

        Raises
        ------
        InvalidArgument
            Where the own overflows, or is 0 and `empty_mean` is "error".
        """
        stated = _stated_denominator(problem.form)
        return cls._of_rows(problem, each) if stated is None else cls(stated)

    @classmethod
    def _of_rows(cls, problem: Problem, each: Each) -> Self:
        options, reported = problem.options, _own_denominator(problem, each)
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


def row_weights(problem: Problem, rows: slice) -> Array:
    """Return a of some rows, (n,), float64; 0 where the label is ignored."""
    labels, sample = _at(problem.labels, rows), _at(problem.sample_weights, rows)
    n_rows = rows.stop - rows.start
    weights = np.ones(n_rows) if sample is None else sample.astype(np.float64)
    if labels is None or problem.options.ignore_index is None:
        return weights
    return np.where(labels == problem.options.ignore_index, 0.0, weights)


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


@np.errstate(all="ignore")
def _own_denominator(problem: Problem, each: Each) -> float:
    """Return what a mean divides by: Σ a_i·c_{y_i} with labels, Σ a_i with targets."""
    n_rows, step = problem.n_rows, _SUMMED_ROWS
    runs = [slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step)]
    total = 0.0
    for rows in each(runs):
        total += float(_weights_at_labels(problem, rows).sum())
    return total


def _weights_at_labels(problem: Problem, rows: slice) -> Array:
    """Return a·c_y of some rows, (n,); a without labels or class weights."""
    weights, labels = row_weights(problem, rows), _at(problem.labels, rows)
    if labels is None or problem.class_weights is None:
        return weights
    if problem.options.ignore_index is not None:
        labels = np.where(labels == problem.options.ignore_index, 0, labels)
    return weights * problem.class_weights.astype(np.float64)[labels]


def _at(array: Array | None, rows: slice) -> Array | None:
    return None if array is None else read_rows(array, rows, vectors=False)
