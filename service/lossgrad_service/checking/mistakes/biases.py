"""Mistakes in the gradients of biases."""

from __future__ import annotations

from functools import cached_property

from typing_extensions import override

from lossgrad.types import Array
from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.mistakes.mistake import Mistake


class _WrongBias(Mistake):
    """Something of the gradients of biases alone."""

    shows_in = ("db2", "db1")


class NotSummed(_WrongBias):
    """The rows were not added up."""

    code = "bias_not_summed"
    advice = (
        "It has a row for each row of the batch. A bias is added to every row, so that the effects "
        "add up: db2 = dscores.sum(axis=0)."
    )

    @cached_property
    @override
    def db2(self) -> Array:
        return self.dscores

    @cached_property
    @override
    def db1(self) -> Array:
        return self.dz1


class Averaged(_WrongBias):
    """The mean of the rows was taken for their sum."""

    code = "bias_averaged"

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return batch.n_rows > 1

    @override
    def quantity(self, name: str) -> Array:
        return super().quantity(name) / self.batch.n_rows

    @property
    @override
    def text(self) -> str:
        return (
            f"It is ours divided by N = {self.batch.n_rows}. dscores is divided already: add its "
            "rows up with sum(axis=0), not mean(axis=0)."
        )


class SummedAlongClasses(_WrongBias):
    """The gradient of a bias, summed over the classes in place of the rows."""

    code = "wrong_axis"
    advice = "It is summed over each row. A bias is added to every row: sum(axis=0)."

    @cached_property
    @override
    def db2(self) -> Array:
        return self.dscores.sum(axis=1)

    @cached_property
    @override
    def db1(self) -> Array:
        return self.dz1.sum(axis=1)
