"""The known mistakes, one class for each, in one module for each family."""

from lossgrad_service.checking.mistakes.division import DividedThoughSum, DividedTwice, NotDivided
from lossgrad_service.checking.mistakes.layers import GatedByGradient, GatedEarly, NotGated
from lossgrad_service.checking.mistakes.mistake import Mistake, planted
from lossgrad_service.checking.mistakes.penalty import (
    PenaltyDoubled,
    PenaltyHalved,
    PenaltyMissing,
)
from lossgrad_service.checking.mistakes.shapes import Averaged, KeptAsRow, NotSummed, Transposed
from lossgrad_service.checking.mistakes.softmax import (
    AlongRows,
    AlongSecondAxis,
    LabelNotSubtracted,
    OverEverything,
    ScoresAreProbabilities,
    SignFlipped,
    SoftmaxTwice,
    SubtractedInEveryRow,
    SummedAlongClasses,
    WholeSignFlipped,
)
from lossgrad_service.checking.mistakes.weighing import (
    IgnoredInDenominator,
    IgnoredInLoss,
    NotSmoothed,
    SmoothedOverMasked,
    SmoothedOverOthers,
    WeightsNotInDenominator,
)

__all__ = ["PAIRS", "SINGLE", "Mistake", "planted"]

SINGLE: tuple[type[Mistake], ...] = (
    *(PenaltyMissing, PenaltyDoubled, PenaltyHalved),
    *(NotSummed, KeptAsRow, Averaged, SummedAlongClasses, Transposed),
    *(NotDivided, DividedThoughSum, WeightsNotInDenominator, IgnoredInDenominator),
    *(DividedTwice, IgnoredInLoss, LabelNotSubtracted, SubtractedInEveryRow),
    *(SignFlipped, WholeSignFlipped, AlongRows, AlongSecondAxis, OverEverything),
    *(SoftmaxTwice, ScoresAreProbabilities),
    *(NotSmoothed, SmoothedOverOthers, SmoothedOverMasked),
    *(NotGated, GatedByGradient, GatedEarly),
)
"""Every mistake; of two that give the same numbers the first is told."""

PAIRS: tuple[tuple[type[Mistake], type[Mistake]], ...] = tuple(
    (one, other)
    for one in (NotDivided, DividedTwice, DividedThoughSum)
    for other in (
        *(PenaltyMissing, PenaltyDoubled, PenaltyHalved),
        *(LabelNotSubtracted, SignFlipped, NotGated),
    )
)
"""Mistakes that are often made together."""
