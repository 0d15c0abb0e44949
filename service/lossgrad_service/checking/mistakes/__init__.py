"""The known mistakes, one class for each, in one module for each family."""

from lossgrad_service.checking.mistakes.axes import AlongRows, AlongSecondAxis, OverEverything
from lossgrad_service.checking.mistakes.biases import Averaged, NotSummed, SummedAlongClasses
from lossgrad_service.checking.mistakes.division import (
    AveragedOverClasses,
    DividedThoughSum,
    DividedTwice,
    NotDivided,
    WholeDividedTwice,
)
from lossgrad_service.checking.mistakes.layers import GatedByGradient, GatedEarly, NotGated
from lossgrad_service.checking.mistakes.logarithm import (
    KEPT_FROM_ZERO,
    BinaryLogarithm,
    DecimalLogarithm,
)
from lossgrad_service.checking.mistakes.mistake import Mistake, planted
from lossgrad_service.checking.mistakes.penalty import (
    PenaltyDivided,
    PenaltyDoubled,
    PenaltyHalved,
    PenaltyMissing,
)
from lossgrad_service.checking.mistakes.probabilities import (
    ScoresAreProbabilities,
    SoftmaxTwice,
    SoftmaxTwiceDifferentiated,
)
from lossgrad_service.checking.mistakes.softmax import (
    LabelNotSubtracted,
    SignFlipped,
    SubtractedInEveryRow,
    WholeSignFlipped,
)
from lossgrad_service.checking.mistakes.temperature import (
    TemperatureMissing,
    TemperatureNotInGradient,
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

_OF_PENALTY = (PenaltyMissing, PenaltyDoubled, PenaltyHalved, PenaltyDivided)

SINGLE: tuple[type[Mistake], ...] = (
    *_OF_PENALTY,
    *(NotSummed, Averaged, SummedAlongClasses),
    *(NotDivided, DividedThoughSum, WeightsNotInDenominator, IgnoredInDenominator),
    *(DividedTwice, WholeDividedTwice, AveragedOverClasses),
    *(IgnoredInLoss, LabelNotSubtracted, SubtractedInEveryRow),
    *(SignFlipped, WholeSignFlipped, AlongRows, AlongSecondAxis, OverEverything),
    *(SoftmaxTwice, SoftmaxTwiceDifferentiated, ScoresAreProbabilities),
    *(TemperatureNotInGradient, TemperatureMissing),
    *(BinaryLogarithm, DecimalLogarithm, *KEPT_FROM_ZERO),
    *(NotSmoothed, SmoothedOverOthers, SmoothedOverMasked),
    *(NotGated, GatedByGradient, GatedEarly),
)
"""Every mistake; of two that give the same numbers the first is told."""

PAIRS: tuple[tuple[type[Mistake], type[Mistake]], ...] = tuple(
    (one, other)
    for one in (NotDivided, DividedTwice, DividedThoughSum)
    for other in (*_OF_PENALTY, NotSummed, LabelNotSubtracted, SignFlipped, NotGated)
)
"""Mistakes that are often made together."""
