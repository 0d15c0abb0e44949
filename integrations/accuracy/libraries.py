"""Who is asked for the loss and the gradient of a problem, in the way its users would ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch

from integrations.agreement import Answer
from integrations.drawing import Problem
from integrations.optax import losses as of_optax
from integrations.ours import compute
from integrations.pytorch import losses as of_torch
from integrations.scikit_learn.losses import half_multinomial

T = TypeVar("T", torch.Tensor, jax.Array)


def lossgrad(problem: Problem) -> Answer:
    result = compute(**problem)
    return Answer(np.asarray(result.loss), result.dscores)


def pytorch(problem: Problem) -> Answer:
    def loss(scores: torch.Tensor) -> torch.Tensor:
        return of_torch.cross_entropy_of(problem, capped(problem, scores, torch.tanh))

    return of_torch.answer(loss, problem["scores"])


def optax_with_jax(problem: Problem) -> Answer:
    """Labels as they are where there is nothing else, as targets otherwise."""

    def loss(scores: jax.Array, wanted: jax.Array) -> jax.Array:
        z = capped(problem, scores, jnp.tanh)
        if wanted.ndim == 1:
            return optax.softmax_cross_entropy_with_integer_labels(z, wanted)
        return optax.softmax_cross_entropy(z, wanted)

    return of_optax.answer(loss, "mean", problem["scores"], wanted_by_optax(problem))


def wanted_by_optax(problem: Problem) -> jax.Array:
    """Return the targets, or the labels, which only become targets to be smoothed."""
    scores, smoothing = problem["scores"], problem.get("label_smoothing", 0.0)
    if "targets" in problem:
        return jnp.asarray(problem["targets"])
    if smoothing == 0:
        return jnp.asarray(problem["labels"])
    one_hot = jax.nn.one_hot(problem["labels"], scores.shape[1], dtype=scores.dtype)
    return jnp.asarray(optax.smooth_labels(one_hot, smoothing))


def scikit_learn(problem: Problem) -> Answer | None:
    """Return the mean of its rows; it knows labels in float32 and float64, and no options."""
    scores = problem["scores"]
    if set(problem) != {"scores", "labels"} or scores.dtype == np.float16:
        return None
    theirs = half_multinomial(problem)
    return Answer(theirs.loss.mean(), theirs.dscores / len(scores))


def capped(problem: Problem, scores: T, tanh: Callable[[T], T]) -> T:
    """Return softcap·tanh(s/softcap), or the scores where there is no softcap."""
    softcap = problem.get("softcap")
    return scores if softcap is None else softcap * tanh(scores / softcap)


LIBRARIES: dict[str, Callable[[Problem], Answer | None]] = {
    "lossgrad": lossgrad,
    "PyTorch": pytorch,
    "optax": optax_with_jax,
    "scikit-learn": scikit_learn,
}
