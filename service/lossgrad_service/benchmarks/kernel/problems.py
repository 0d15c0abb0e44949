"""The arrays that are timed, and what every way makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from lossgrad.types import Array
from lossgrad_service.kernels.arrays import frozen

THREADS = 2
"""Of whoever lets us choose; the others take what they find."""


class Scores(NamedTuple):
    """Scores in memory, of which the mean loss and dScores are wanted."""

    scores: Array
    """s, (N, C), float32, read-only."""
    labels: Array
    """y, (N,), intp, read-only."""


class Head(NamedTuple):
    """A last layer, s = h1·w2 + b2, of which the mean loss, dW2, db2 and dH1 are wanted."""

    h1: Array
    """(N, D), float32, read-only."""
    w2: Array
    """(D, C), float32, read-only."""
    b2: Array
    """(C,), float32, read-only."""
    labels: Array
    """y, (N,), intp, read-only."""


class Answer(NamedTuple):
    """The loss as a number, and gradients that can be read."""

    loss: float
    gradients: tuple[Array, ...]
    """dScores; or dW2, db2 and dH1."""


Way: TypeAlias = Callable[[], Answer]


def random_scores(rows: int, classes: int) -> Scores:
    """Return standard normal scores, and labels."""
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((rows, classes), np.float32)
    return Scores(frozen(scores), frozen(rng.integers(classes, size=rows)))


def random_head(rows: int, width: int, classes: int) -> Head:
    """Return a rectified normal h1, and weights that make scores of variance 2 of it."""
    rng = np.random.default_rng(0)
    h1 = np.maximum(rng.standard_normal((rows, width), np.float32), 0)
    w2 = rng.standard_normal((width, classes), np.float32) * np.float32((2 / width) ** 0.5)
    b2 = rng.standard_normal(classes, np.float32)
    labels = rng.integers(classes, size=rows)
    return Head(frozen(h1), frozen(w2), frozen(b2), frozen(labels))
