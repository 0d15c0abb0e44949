"""PyTorch: cross_entropy forwards and backwards, behind a linear layer in the layout of its own."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from lossgrad_service.benchmarks.kernel.problems import Answer, Head, Scores, Way


def of_scores(problem: Scores, threads: int) -> Way:
    """Return the loss and dScores."""
    torch = _with_threads(threads)
    scores = torch.tensor(problem.scores, requires_grad=True)
    labels = torch.tensor(problem.labels)

    def answer() -> Answer:
        loss = torch.nn.functional.cross_entropy(scores, labels)
        (dscores,) = torch.autograd.grad(loss, scores)
        return Answer(loss.item(), (dscores.numpy(),))

    return answer


def of_head(problem: Head, threads: int) -> Way:
    """Return the loss, dW2, db2 and dH1."""
    torch = _with_threads(threads)
    arrays = (problem.h1, np.ascontiguousarray(problem.w2.T), problem.b2)
    h1, weight, bias = (torch.tensor(array, requires_grad=True) for array in arrays)
    labels = torch.tensor(problem.labels)

    def answer() -> Answer:
        scores = torch.nn.functional.linear(h1, weight, bias)
        loss = torch.nn.functional.cross_entropy(scores, labels)
        dh1, dweight, dbias = torch.autograd.grad(loss, (h1, weight, bias))
        return Answer(loss.item(), (dweight.numpy().T, dbias.numpy(), dh1.numpy()))

    return answer


def _with_threads(threads: int) -> Any:
    torch = import_module("torch")
    torch.set_num_threads(threads)
    return torch
