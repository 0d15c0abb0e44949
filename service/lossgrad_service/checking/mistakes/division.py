"""Mistakes in what the sum over rows is divided by."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from typing_extensions import override

from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.mistakes.mistake import Mistake


def _is_mean(batch: Batch) -> bool:
    is_mean = batch.options.reduction == "mean"
    return is_mean and batch.denominator not in (0, 1) and bool(np.isfinite(batch.denominator))


class NotDivided(Mistake):
    """The sum over rows was taken for the mean."""

    code = "not_divided_by_n"

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return _is_mean(batch)

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


class DividedTwice(Mistake):
    """The mean was divided once more."""

    code = "divided_twice"

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return _is_mean(batch)

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
