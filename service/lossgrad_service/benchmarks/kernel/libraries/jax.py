"""JAX: the value and the gradient of the mean loss, compiled by XLA for all cores."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from lossgrad_service.benchmarks.kernel.problems import Answer, Head, Scores, Way


def of_scores(problem: Scores) -> Way:
    """Return the way to the loss and dScores."""
    jax = import_module("jax")
    scores, labels = jax.device_put(tuple(problem))
    value_and_grad = jax.jit(jax.value_and_grad(_mean_loss))

    def answer() -> Answer:
        loss, dscores = value_and_grad(scores, labels)
        return Answer(float(loss), (np.asarray(dscores),))

    return answer


def of_head(problem: Head) -> Way:
    """Return the way to the loss, dW2, db2 and dH1."""
    jax = import_module("jax")
    h1, w2, b2, labels = jax.device_put(tuple(problem))
    value_and_grad = jax.jit(jax.value_and_grad(_mean_loss_of_head, (1, 2, 0)))

    def answer() -> Answer:
        loss, gradients = value_and_grad(h1, w2, b2, labels)
        return Answer(float(loss), tuple(np.asarray(gradient) for gradient in gradients))

    return answer


def _mean_loss_of_head(h1: Any, w2: Any, b2: Any, labels: Any) -> Any:
    return _mean_loss(h1 @ w2 + b2, labels)


def _mean_loss(scores: Any, labels: Any) -> Any:
    """Return L as optax has it: lse less the score at the label."""
    jax = import_module("jax")
    at_label = jax.numpy.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
    return (jax.nn.logsumexp(scores, axis=1) - at_label).mean()
