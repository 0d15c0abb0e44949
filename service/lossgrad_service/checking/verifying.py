"""Our own gradients, beside central differences of our own loss in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np

from lossgrad.types import Array, Problem
from lossgrad.types.check_parts import Verification, band_of
from lossgrad_service import core
from lossgrad_service.checking.lines import Line
from lossgrad_service.checking.steps import Steps

_SEED: Final = 20240229
DIRECTIONS: Final = 4
"""Of a problem that is quick; of others one."""


def verifiable(problem: Problem) -> tuple[str, ...]:
    """Return the gradients that differences of the loss can tell of a problem.

    Where scores are sent beside a layer, the loss does not depend on the layer.
    """
    sent = problem.inputs
    names = ["dscores"]
    if "scores" not in sent:
        names += ["dw2", "db2", "dh1"]
        names += ["dw1", "db1", "dx"] if "x" in sent else []
    names += ["dtargets"] if "targets" in sent else []
    return tuple(names)


def verify(
    right: Steps, gradients: Mapping[str, Array], checkpoint: Callable[[], None]
) -> Iterator[Verification]:
    """Yield how each gradient compares with differences of the loss.

    The slope of the loss along a random direction is the gradient times that direction.

    Parameters
    ----------
    right
        The steps of the batch.
    gradients
        Ours, in float64 and the shapes of an answer, by name.
    checkpoint
        Called between the values of the loss; what it raises ends the check.
    """
    n_directions = DIRECTIONS if core.is_quick(right.batch.problem) else 1
    for name, gradient in gradients.items():
        rng = np.random.default_rng(_SEED)
        lines = (Line.random(right, name, rng) for _ in range(n_directions))
        told = [line.error(gradient, checkpoint) for line in lines]
        errors = [error for error in told if error is not None]
        largest = max(errors, default=0.0)
        yield Verification(name, band_of(largest), largest, len(errors))
