"""Mistakes that show in the shape of a quantity, or would if it were not square."""

from __future__ import annotations

from functools import cached_property

from typing_extensions import override

from lossgrad.types import Array
from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.mistakes.mistake import Mistake


class Transposed(Mistake):
    """Rows and columns have changed places."""

    code = "transposed"
    shows_in = ("probs", "dscores", "dw2", "dh1", "dw1", "dx", "dtargets")
    advice = (
        "It is ours with rows and columns in each other's place. A gradient has the shape of what "
        "it is the gradient of: dw2 = h1.T @ dscores, not dscores.T @ h1."
    )

    @override
    def quantity(self, name: str) -> Array:
        return super().quantity(name).T


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


class KeptAsRow(_WrongBias):
    """The sum kept its axis."""

    code = "bias_not_summed"
    advice = (
        "The numbers are right, and kept as a matrix of one row. A bias has one axis: "
        "sum(axis=0) without keepdims."
    )

    @override
    def quantity(self, name: str) -> Array:
        return super().quantity(name)[None]


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
