"""Mistakes on the way back through the ReLU."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from typing_extensions import override

from lossgrad.types import Array
from lossgrad_service.checking.mistakes.mistake import Mistake


class NotGated(Mistake):
    """The gradient went through closed ReLUs."""

    code = "relu_not_gated"
    shows_in = ("dw1", "db1", "dx")
    advice = (
        "It passes the ReLU where that was closed. Stop it there before it reaches the first "
        "layer: dh1[h1 <= 0] = 0."
    )

    @cached_property
    @override
    def dz1(self) -> Array:
        return self.dh1


class GatedByGradient(NotGated):
    """The gate was made of the gradient's own sign."""

    advice = (
        "Its gate is the sign of the gradient. The ReLU lets through where its own output was "
        "positive: dh1[h1 <= 0] = 0, not dh1[dh1 <= 0] = 0."
    )

    @cached_property
    @override
    def dz1(self) -> Array:
        return np.maximum(self.dh1, 0)


class GatedEarly(Mistake):
    """dh1 is already what comes out behind the ReLU."""

    code = "relu_gated_early"
    shows_in = ("dh1",)
    advice = (
        "It is 0 where the ReLU was closed: the gradient of x @ w1 + b1. dh1 is that of h1 itself, "
        "dscores @ w2.T; send it as it was before dh1[h1 <= 0] = 0."
    )

    @cached_property
    @override
    def dh1(self) -> Array:
        return np.where(self.h1 > 0, super().dh1, 0.0)
