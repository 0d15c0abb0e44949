"""Plain NumPy, as the derivations have it."""

from __future__ import annotations

from lossgrad_service.benchmarks.kernel.problems import Answer, Head, Scores, Way
from lossgrad_service.benchmarks.textbook import softmax_loss


def of_scores(problem: Scores) -> Way:
    """Return the way to the loss and dScores."""

    def answer() -> Answer:
        loss, dscores = softmax_loss(*problem)
        return Answer(loss, (dscores,))

    return answer


def of_head(problem: Head) -> Way:
    """Return the way to the loss, dW2, db2 and dH1."""
    h1, w2, b2, labels = problem

    def answer() -> Answer:
        loss, dscores = softmax_loss(h1 @ w2 + b2, labels)
        return Answer(loss, (h1.T @ dscores, dscores.sum(axis=0), dscores @ w2.T))

    return answer
