"""PyTorch: a loss forwards and backwards; its linear layer keeps W transposed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from lossgrad_service.benchmarks.kernel.problems import THREADS, Answer, Head, Scores, Way

Loss: TypeAlias = Callable[..., Any]
"""One of ``torch.nn.functional``, or what can stand in its place."""


def of_scores(problem: Scores) -> Way:
    """Return the way to the loss and dScores."""
    return through_cross_entropy(problem, _torch().nn.functional.cross_entropy)


def of_head(problem: Head) -> Way:
    """Return the way to the loss, dW2, db2 and dH1."""
    return through_linear_cross_entropy(problem, _linear_cross_entropy)


def through_cross_entropy(problem: Scores, cross_entropy: Loss) -> Way:
    """Return the way to the loss and dScores by a loss of one's own."""
    torch = _torch()
    scores = torch.tensor(problem.scores, requires_grad=True)
    labels = torch.tensor(problem.labels)

    def answer() -> Answer:
        loss = cross_entropy(scores, labels)
        (dscores,) = torch.autograd.grad(loss, scores)
        return Answer(loss.item(), (dscores.numpy(),))

    return answer


def through_linear_cross_entropy(problem: Head, linear_cross_entropy: Loss) -> Way:
    """Return the way to the loss, dW2, db2 and dH1 by a loss of one's own."""
    torch = _torch()
    arrays = (problem.h1, np.ascontiguousarray(problem.w2.T), problem.b2)
    leaves = h1, weight, bias = [torch.tensor(array, requires_grad=True) for array in arrays]
    labels = torch.tensor(problem.labels)

    def answer() -> Answer:
        loss = linear_cross_entropy(h1, weight, labels, linear_bias=bias)
        dh1, dweight, dbias = torch.autograd.grad(loss, leaves)
        return Answer(loss.item(), (dweight.numpy().T, dbias.numpy(), dh1.numpy()))

    return answer


def _linear_cross_entropy(h1: Any, weight: Any, labels: Any, *, linear_bias: Any) -> Any:
    """Do as ``torch.nn.functional.linear_cross_entropy``, which older versions have not."""
    functional = _torch().nn.functional
    return functional.cross_entropy(functional.linear(h1, weight, linear_bias), labels)


def _torch() -> Any:
    torch = import_module("torch")
    torch.set_num_threads(THREADS)
    return torch
