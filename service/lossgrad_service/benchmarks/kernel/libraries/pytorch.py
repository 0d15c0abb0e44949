"""PyTorch: cross_entropy forwards and backwards; its linear layer keeps W transposed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from lossgrad_service.benchmarks.kernel.problems import THREADS, Answer, Head, Scores, Way


def of_scores(problem: Scores) -> Way:
    """Return the way to the loss and dScores."""
    torch = _torch()
    scores = torch.tensor(problem.scores, requires_grad=True)
    labels = torch.tensor(problem.labels)

    def answer() -> Answer:
        loss = torch.nn.functional.cross_entropy(scores, labels)
        (dscores,) = torch.autograd.grad(loss, scores)
        return Answer(loss.item(), (dscores.numpy(),))

    return answer


def of_head(problem: Head) -> Way:
    """Return the way to the loss, dW2, db2 and dH1."""
    torch = _torch()
    arrays = (problem.h1, np.ascontiguousarray(problem.w2.T), problem.b2)
    leaves = h1, weight, bias = [torch.tensor(array, requires_grad=True) for array in arrays]
    labels = torch.tensor(problem.labels)

    def answer() -> Answer:
        scores = torch.nn.functional.linear(h1, weight, bias)
        loss = torch.nn.functional.cross_entropy(scores, labels)
        dh1, dweight, dbias = torch.autograd.grad(loss, leaves)
        return Answer(loss.item(), (dweight.numpy().T, dbias.numpy(), dh1.numpy()))

    return answer


def _torch() -> Any:
    torch = import_module("torch")
    torch.set_num_threads(THREADS)
    return torch
