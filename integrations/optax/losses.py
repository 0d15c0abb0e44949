"""optax's losses with JAX's gradients, of problems in our vocabulary."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import optax

from integrations.agreement import Answer
from integrations.drawing import Problem

jax.config.update("jax_enable_x64", True)  # without it JAX makes float32 of every float64

Loss: TypeAlias = Callable[..., jax.Array]

REDUCE: dict[str, Callable[[jax.Array], jax.Array]] = {
    "mean": jnp.mean,
    "sum": jnp.sum,
    "none": lambda losses: losses,
}


@functools.cache
def loss_and_gradient(loss: Loss, reduction: str) -> Callable[..., tuple[jax.Array, jax.Array]]:
    """Return a compiled function of scores and more that answers the loss and dScores."""

    def total(scores: jax.Array, *more: jax.Array) -> tuple[jax.Array, jax.Array]:
        reduced = REDUCE[reduction](loss(scores, *more))
        return reduced.sum(), reduced

    def both(*inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        (_, reduced), gradient = jax.value_and_grad(total, has_aux=True)(*inputs)
        return reduced, gradient

    return jax.jit(both)


def answer(loss: Loss, reduction: str, *inputs: Any) -> Answer:
    """Return the reduced loss of scores and more, and the gradient of its sum."""
    return Answer(*map(np.asarray, loss_and_gradient(loss, reduction)(*inputs)))


def of_labels(problem: Problem) -> Answer:
    """Return ``softmax_cross_entropy_with_integer_labels``, the mean unless told otherwise."""
    loss = optax.softmax_cross_entropy_with_integer_labels
    reduction = problem.get("reduction", "mean")
    return answer(loss, reduction, problem["scores"], problem["labels"])


def of_targets(problem: Problem) -> Answer:
    """Return ``softmax_cross_entropy``, the mean unless told otherwise."""
    reduction = problem.get("reduction", "mean")
    return answer(optax.softmax_cross_entropy, reduction, problem["scores"], problem["targets"])
