"""Mistakes in the logarithm of a probability."""

from __future__ import annotations

from functools import cached_property
from math import log
from typing import ClassVar

import numpy as np
from typing_extensions import override

from lossgrad.types import Array
from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.mistakes.mistake import GRADIENTS, Mistake
from lossgrad_service.checking.steps import Softmax, times


class _WrongLogarithm(Mistake, Softmax):
    """Something of the softmax loss alone."""

    shows_in = ("loss", "row_losses")

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return batch.options.loss == "softmax"


class BinaryLogarithm(_WrongLogarithm):
    """The logarithm has the base 2."""

    code = "logarithm_base"
    shows_in = ("loss", "row_losses", *GRADIENTS)
    base: ClassVar[int] = 2

    @cached_property
    @override
    def mass(self) -> Array:
        return super().mass / log(self.base)

    @property
    @override
    def text(self) -> str:
        return (
            f"The part of the data is ours divided by log({self.base}): its logarithm has the base "
            f"{self.base}. The loss takes the natural one: np.log, not np.log{self.base}."
        )


class DecimalLogarithm(BinaryLogarithm):
    """The logarithm has the base 10."""

    base = 10


class AddedToProbability(_WrongLogarithm):
    """A small number was added, lest the logarithm become infinite."""

    code = "epsilon_in_logarithm"
    epsilon: ClassVar[float]

    @cached_property
    @override
    def row_losses(self) -> Array:
        return times(self.mass, -np.log(self.kept_from_zero)).sum(axis=1)

    @property
    def kept_from_zero(self) -> Array:
        """Probabilities of which the logarithm is taken."""
        return self.probs + self.epsilon

    @property
    @override
    def text(self) -> str:
        return (
            f"Probabilities are kept above {self.epsilon:g} before their logarithm is taken, which "
            "makes a sure mistake too cheap. Take the loss as log(sum(exp(s))) - s[y] with the "
            "maximum subtracted; that needs no such number."
        )


class ClippedProbability(AddedToProbability):
    """Probabilities were clipped at a small number."""

    @property
    @override
    def kept_from_zero(self) -> Array:
        return np.maximum(self.probs, self.epsilon)


def _with(epsilon: float, kind: type[AddedToProbability]) -> type[AddedToProbability]:
    return type(f"{kind.__name__}{epsilon:g}", (kind,), {"epsilon": epsilon})


KEPT_FROM_ZERO = tuple(
    _with(epsilon, kind)
    for kind in (AddedToProbability, ClippedProbability)
    for epsilon in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15)
)
"""The numbers that people take."""
