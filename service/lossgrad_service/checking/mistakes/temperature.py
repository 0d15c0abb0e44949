"""Mistakes in the temperature."""

from __future__ import annotations

from functools import cached_property

from typing_extensions import override

from lossgrad.types import Array
from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.mistakes.mistake import GRADIENTS, Mistake
from lossgrad_service.checking.steps import Softmax


class TemperatureNotInGradient(Mistake, Softmax):
    """The gradient is that of the scores after they were divided."""

    code = "temperature_missing"
    shows_in = GRADIENTS

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return batch.options.loss == "softmax" and batch.options.temperature != 1

    @cached_property
    @override
    def slope(self) -> Array | float:
        return super().slope * self.batch.options.temperature

    @property
    @override
    def text(self) -> str:
        temperature = self.batch.options.temperature
        return (
            f"It is {temperature:g} times ours: the gradient of scores / temperature. That of the "
            f"scores is divided by the temperature once more: dscores /= {temperature:g}."
        )


class TemperatureMissing(TemperatureNotInGradient):
    """The scores were not divided at all."""

    shows_in = ("loss", "row_losses", "probs", *GRADIENTS, "dtargets")

    @cached_property
    @override
    def tempered(self) -> Array:
        return self.scores

    @property
    @override
    def text(self) -> str:
        temperature = self.batch.options.temperature
        return (
            f"It is what the scores give without temperature={temperature:g}. Divide them before "
            f"the softmax, s = scores / {temperature:g}, and dscores once more after it."
        )
