"""Mistakes in the L2 penalty R."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

from typing_extensions import override

from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.mistakes.division import has_mean, rows_divided
from lossgrad_service.checking.mistakes.mistake import Mistake


class _WrongPenalty(Mistake):
    """Something of R, and of its gradient."""

    shows_in = ("loss", "dw2", "dw1")

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return batch.options.reg > 0

    @property
    def formulas(self) -> str:
        """Return R and its gradient in the convention that was asked for."""
        if self.batch.options.reg_convention == "half":
            return "0.5 * reg * sum(W**2), its gradient reg * W (reg_convention='half')"
        return "reg * sum(W**2), its gradient 2 * reg * W (reg_convention='full')"


class _MultipliedPenalty(_WrongPenalty):
    """R, or its gradient, times a factor."""

    factor: ClassVar[float]

    @cached_property
    @override
    def penalty(self) -> float:
        return super().penalty * self.factor


class PenaltyMissing(_MultipliedPenalty):
    """Regularisation was left out."""

    code = "reg_missing"
    factor = 0.0

    @property
    @override
    def text(self) -> str:
        return f"It is ours without the L2 penalty. Add it for w2, and w1 if sent: {self.formulas}."


class PenaltyDoubled(_MultipliedPenalty):
    """The penalty is twice what it should be: most likely the other convention."""

    code = "reg_doubled"
    factor = 2.0

    @property
    @override
    def text(self) -> str:
        return (
            f"Its L2 penalty is twice ours. Ours is {self.formulas}; the other convention doubles."
        )


class PenaltyHalved(_MultipliedPenalty):
    """The penalty is half of what it should be: most likely the other convention."""

    code = "reg_halved"
    factor = 0.5

    @property
    @override
    def text(self) -> str:
        return (
            f"Its L2 penalty is half of ours. Ours is {self.formulas}; the other convention halves."
        )


class PenaltyDivided(_WrongPenalty):
    """The penalty was divided along with the data."""

    code = "reg_divided_by_n"

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return super().is_possible(batch) and has_mean(batch)

    @cached_property
    @override
    def penalty(self) -> float:
        return super().penalty / rows_divided(self.batch)

    @property
    @override
    def text(self) -> str:
        return (
            f"Its L2 penalty is ours divided by {rows_divided(self.batch):g}, as the data is. "
            f"Divide the data alone, and add the penalty after that: ours is {self.formulas}."
        )
