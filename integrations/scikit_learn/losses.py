"""scikit-learn's multinomial loss, of problems in our vocabulary."""

from __future__ import annotations

from sklearn._loss.loss import HalfMultinomialLoss

from integrations.agreement import Answer
from integrations.drawing import Problem


def half_multinomial(problem: Problem) -> Answer:
    """Return the rows' losses and their gradients, each times its row's weight.

    Labels are floats there, and nothing is divided: it is our reduction "none".
    """
    scores = problem["scores"]
    losses, gradient = HalfMultinomialLoss(n_classes=scores.shape[1]).loss_gradient(
        y_true=problem["labels"].astype(scores.dtype),
        raw_prediction=scores,
        sample_weight=problem.get("sample_weights"),
        n_threads=1,
    )
    return Answer(losses, gradient)
