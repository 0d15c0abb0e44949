"""What every mistake has: a code, where it may show, and what to change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from lossgrad.types.check import CHECKABLE
from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.steps import Steps, steps_of

GRADIENTS = ("dscores", "dw2", "db2", "dh1", "dw1", "db1", "dx")
"""What a mistake in dscores is carried to."""


class Mistake(Steps):
    """Steps of which one is done otherwise than it should be.

    To be mixed with the steps of a loss.
    """

    code: ClassVar[str]
    advice: ClassVar[str]
    """What the numbers look like, and what to change."""
    shows_in: ClassVar[Sequence[str]] = CHECKABLE

    @classmethod
    def is_possible(cls, _batch: Batch, /) -> bool:
        """Return whether a batch can be computed with this mistake."""
        return True

    @property
    def text(self) -> str:
        """The advice for this batch."""
        return self.advice


def planted(mistakes: Sequence[type[Mistake]], right: Steps) -> Mistake:
    """Return the steps of a batch with mistakes in them."""
    kind = type("Planted", (*mistakes, steps_of(right.batch)), {})
    steps = kind(right.batch)
    if steps.batch is right.batch:
        steps.begin_as(right)
    return steps
