"""scikit-learn: the loss of its logistic regression, compiled and fused as ours is."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from lossgrad_service.benchmarks.kernel.problems import Answer, Scores, Way


def of_scores(problem: Scores, threads: int) -> Way:
    """Return the loss and dScores, as the sum over rows that weigh 1/N."""
    scores, labels = problem
    n_rows, n_classes = scores.shape
    loss_gradient = _half_multinomial_loss(n_classes).loss_gradient
    gradient = np.empty_like(scores)
    sent = {
        "y_true": labels.astype(scores.dtype),
        "raw_prediction": scores,
        "sample_weight": np.full(n_rows, 1 / n_rows, scores.dtype),
        "gradient_out": gradient,
        "n_threads": threads,
    }

    def answer() -> Answer:
        losses, _ = loss_gradient(**sent)
        return Answer(float(losses.sum()), (gradient,))

    return answer


def _half_multinomial_loss(n_classes: int) -> Any:
    return import_module("sklearn._loss.loss").HalfMultinomialLoss(n_classes=n_classes)
