"""scikit-learn: the loss behind its classifiers, which is compiled, and one with its gradient."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from lossgrad_service.benchmarks.kernel.problems import THREADS, Answer, Scores, Way


def of_scores(problem: Scores) -> Way:
    """Return the way to the loss and dScores: sums over rows that weigh 1/N each."""
    scores, labels = problem
    loss = import_module("sklearn._loss.loss").HalfMultinomialLoss(n_classes=scores.shape[1])
    y_true = labels.astype(scores.dtype)
    weights = np.full(len(scores), 1 / len(scores), scores.dtype)
    gradient = np.empty_like(scores)

    def answer() -> Answer:
        losses, _ = loss.loss_gradient(
            y_true, scores, weights, gradient_out=gradient, n_threads=THREADS
        )
        return Answer(float(losses.sum()), (gradient,))

    return answer
