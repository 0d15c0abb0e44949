"""Plain NumPy, as the derivations have it, with the shift by the maximum."""

from __future__ import annotations

import numpy as np

from lossgrad.types import Array
from lossgrad_service.benchmarks.kernel.problems import Answer, Head, Scores, Way


def of_scores(problem: Scores) -> Way:
    """Return the way to the loss and dScores."""

    def answer() -> Answer:
        loss, dscores = _softmax_loss(*problem)
        return Answer(loss, (dscores,))

    return answer


def of_head(problem: Head) -> Way:
    """Return the way to the loss, dW2, db2 and dH1."""
    h1, w2, b2, labels = problem

    def answer() -> Answer:
        loss, dscores = _softmax_loss(h1 @ w2 + b2, labels)
        return Answer(loss, (h1.T @ dscores, dscores.sum(axis=0), dscores @ w2.T))

    return answer


def _softmax_loss(scores: Array, labels: Array) -> tuple[float, Array]:
    rows = np.arange(len(labels))
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    loss = -np.log(softmax[rows, labels]).mean()
    softmax[rows, labels] -= 1
    return float(loss), softmax / len(labels)
