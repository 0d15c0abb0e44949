"""Mistakes in the L2 penalty R."""

from __future__ import annotations

from functools import cached_property

from typing_extensions import override

from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.mistakes.mistake import Mistake


class _WrongPenalty(Mistake):
    """R, or its gradient, times a factor."""

    shows_in = ("loss", "dw2", "dw1")
    factor: float

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return batch.options.reg > 0

    @cached_property
    @override
    def penalty(self) -> float:
        return super().penalty * self.factor

    @property
    def formulas(self) -> str:
        """Return R and its gradient in the convention that was asked for."""
        if self.batch.options.reg_convention == "half":
            return "0.5 * reg * sum(W**2), its gradient reg * W (reg_convention='half')"
        return "reg * sum(W**2), its gradient 2 * reg * W (reg_convention='full')"


class PenaltyMissing(_WrongPenalty):
    """Regularisation was left out."""

    code = "reg_missing"
    factor = 0.0

    @property
    @override
    def text(self) -> str:
        return f"It is ours without the L2 penalty. Add it for w2, and w1 if sent: {self.formulas}."


class PenaltyDoubled(_WrongPenalty):
    """The penalty is twice what it should be: most likely the other convention."""

    code = "reg_doubled"
    factor = 2.0

    @property
    @override
    def text(self) -> str:
        return (
            f"Its L2 penalty is twice ours. Ours is {self.formulas}; the other convention doubles."
        )


class PenaltyHalved(_WrongPenalty):
    """The penalty is half of what it should be: most likely the other convention."""

    code = "reg_halved"
    factor = 0.5

    @property
    @override
    def text(self) -> str:
        return (
            f"Its L2 penalty is half of ours. Ours is {self.formulas}; the other convention halves."
        )
