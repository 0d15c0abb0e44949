"""The two classifiers: their parameters, how they start, and how they are trained.

=============  ==========================  ============================
name           scores                      penalty R
=============  ==========================  ============================
``two-layer``  relu(X·W1 + b1)·W2 + b2     reg·½·(ΣW1² + ΣW2²), "half"
``linear``     X·W                         reg·ΣW², "full"
=============  ==========================  ============================

The linear one sends X as ``h1`` and W as ``w2``, without a bias.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lossgrad.types.options import RegConvention

Parameters = dict[str, NDArray[np.float64]]
"""Arrays by the service's names for them: ``w2``, and ``b2``, ``w1``, ``b1`` if any."""

PIXELS = 64
HIDDEN = 128
CLASSES = 10


@dataclass(frozen=True, slots=True)
class Model:
    """A classifier as the service sees it, and the settings that it is trained with.

    The settings were chosen by 5-fold cross-validation on the training rows alone.
    """

    rows_as: Literal["x", "h1"]
    """Which input of the service the images are."""
    reg_convention: RegConvention
    reg: float
    learning_rate: float
    initialise: Callable[[np.random.Generator], Parameters]


def two_layer_parameters(rng: np.random.Generator, hidden: int = HIDDEN) -> Parameters:
    """Return weights of variance 2/fan-in, which suits a ReLU (He et al. 2015), and biases 0."""
    return {
        "w1": rng.normal(0.0, np.sqrt(2 / PIXELS), (PIXELS, hidden)),
        "b1": np.zeros(hidden),
        "w2": rng.normal(0.0, np.sqrt(2 / hidden), (hidden, CLASSES)),
        "b2": np.zeros(CLASSES),
    }


def linear_parameters(rng: np.random.Generator) -> Parameters:
    """Return small random weights; the problem is convex, so they hardly matter."""
    return {"w2": rng.normal(0.0, 0.01, (PIXELS, CLASSES))}


MODELS: Mapping[str, Model] = MappingProxyType(
    {
        "two-layer": Model("x", "half", 1e-3, 0.3, two_layer_parameters),
        "linear": Model("h1", "full", 2e-4, 0.3, linear_parameters),
    }
)
