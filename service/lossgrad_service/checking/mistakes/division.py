"""Mistakes in what the sum over rows is divided by."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from typing_extensions import override

from lossgrad.types import Array
from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.mistakes.mistake import Mistake


def rows_divided(batch: Batch) -> float:
    """Return what a mean over the rows divides by, asked for or not: D', or N."""
    return batch.divisor if batch.options.reduction == "mean" else float(batch.n_rows)


def has_mean(batch: Batch) -> bool:
    """Return whether a mean over the rows is finite, and not their sum."""
    return bool(np.isfinite(rows_divided(batch))) and rows_divided(batch) not in (0, 1)


class _WrongMean(Mistake):
    """Not the mean that was asked for."""

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return batch.options.reduction == "mean" and has_mean(batch)


class NotDivided(_WrongMean):
    """The sum over rows was taken for the mean."""

    code = "not_divided_by_n"

    @cached_property
    @override
    def divisor(self) -> float:
        return 1.0

    @property
    @override
    def text(self) -> str:
        n = self.batch.denominator
        return (
            f"The part of the data is {n:g} times ours: the sum over the rows, not their mean. "
            "Divide dscores by that number once, before it goes back to the layers "
            "(dscores /= N), and the sum of the row losses as well; or ask for reduction='sum'."
        )


class DividedTwice(_WrongMean):
    """The mean was divided once more."""

    code = "divided_twice"

    @cached_property
    @override
    def divisor(self) -> float:
        return self.batch.divisor**2

    @property
    @override
    def text(self) -> str:
        n = self.batch.denominator
        return (
            f"The part of the data is ours divided by {n:g} once more. dscores is divided already: "
            "h1.T @ dscores and its sums must not be divided again, nor a mean of the rows."
        )


class WholeDividedTwice(_WrongMean):
    """The mean was divided once more, and the penalty with it."""

    code = "divided_twice"
    shows_in = ("loss", "dw2", "dw1")

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return super().is_possible(batch) and batch.options.reg > 0

    @override
    def quantity(self, name: str) -> Array:
        return super().quantity(name) / self.batch.denominator

    @property
    @override
    def text(self) -> str:
        n = self.batch.denominator
        return (
            f"It is ours divided by {n:g}, the L2 penalty too. dscores is divided already, and the "
            "penalty is not to be: dw2 = h1.T @ dscores + reg * w2 as it stands."
        )


class DividedThoughSum(Mistake):
    """The mean was taken where the sum is asked for."""

    code = "divided_by_n"

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return batch.options.reduction != "mean" and batch.n_rows > 1

    @cached_property
    @override
    def divisor(self) -> float:
        return float(self.batch.n_rows)

    @property
    @override
    def text(self) -> str:
        reduction = self.batch.options.reduction
        return (
            f"The part of the data is ours divided by N = {self.batch.n_rows}, and "
            f"reduction='{reduction}' does not divide. Leave the division out, or ask for "
            "reduction='mean'."
        )


class AveragedOverClasses(Mistake):
    """The mean was taken over all entries: over the rows and over the classes."""

    code = "averaged_over_classes"

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        rows = rows_divided(batch)
        return batch.n_classes > 1 and rows != 0 and bool(np.isfinite(rows))

    @cached_property
    @override
    def divisor(self) -> float:
        return rows_divided(self.batch) * self.batch.n_classes

    @property
    @override
    def text(self) -> str:
        n, c = rows_divided(self.batch), self.batch.n_classes
        return (
            f"The part of the data is divided by {n:g} * C = {n * c:g}: .mean() of a matrix is "
            f"taken over its C = {c} classes as well. The loss of a row is the sum over its "
            "classes: losses.sum(axis=1), and then the mean of those."
        )
