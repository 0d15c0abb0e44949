"""PyTorch's losses and their gradients, of problems in our vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from integrations.agreement import Answer
from integrations.drawing import Problem
from lossgrad.types import Array

IGNORED = -100
"""What PyTorch ignores unless told otherwise."""


def leaf(array: Any) -> Tensor:
    """Return a tensor that gathers a gradient."""
    return torch.tensor(array).requires_grad_()


def optional(array: Array | None) -> Tensor | None:
    return None if array is None else torch.tensor(array)


def answer(loss_of: Callable[[Tensor], Tensor], scores: Array) -> Answer:
    """Return the loss of `scores`, or losses, and the gradient of their sum."""
    at = leaf(scores)
    loss = loss_of(at)
    loss.sum().backward()
    assert at.grad is not None
    return Answer(loss.detach().numpy(), at.grad.numpy())


def cross_entropy_of(problem: Problem, scores: Tensor, **changed: Any) -> Tensor:
    """Return ``torch.nn.functional.cross_entropy`` of `scores` with the problem's options."""
    options = problem | changed
    return functional.cross_entropy(
        scores,
        torch.as_tensor(options["labels"] if "labels" in options else options["targets"]),
        weight=optional(options.get("class_weights")),
        reduction=options.get("reduction", "mean"),
        ignore_index=options.get("ignore_index", IGNORED),
        label_smoothing=options.get("label_smoothing", 0.0),
    )


def cross_entropy(problem: Problem) -> Answer:
    return answer(lambda scores: cross_entropy_of(problem, scores), problem["scores"])
