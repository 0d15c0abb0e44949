"""``torch.autograd.gradcheck`` of both functions with each option."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from lossgrad.torch import cross_entropy, linear_cross_entropy

STEP, TOLERANCE = 1e-5, 1e-8
"""A central difference is off by STEP²·f‴/6 and by the roundings of f over STEP."""

WEIGHT = torch.tensor([1.0, -0.5, 2.0, 0.0], dtype=torch.float64)
ROW_WEIGHTS = torch.tensor([1.0, 0.0, 0.5, 2.0, 3.0], dtype=torch.float64)

OPTIONS = [
    {},
    {"label_smoothing": 0.2},
    {"weight": WEIGHT},
    {"sample_weights": ROW_WEIGHTS},
    {"temperature": 0.5},
    {"softcap": 2.0},
    {"z_loss": 0.1},
    {"z_loss": 0.1, "sample_weights": ROW_WEIGHTS, "temperature": 1.5, "softcap": 3.0},
]

options = pytest.mark.parametrize("options", OPTIONS, ids=str)
reductions = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])


def random(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64).requires_grad_()


def targets(of: str) -> dict[str, Tensor]:
    """Return indices of which one is ignored, or probabilities that have a gradient, too."""
    if of == "indices":
        return {"target": torch.tensor([0, 2, -100, 1, 3])}
    return {"target": torch.rand(5, 4, dtype=torch.float64).add(0.1).requires_grad_()}


def hold(loss_of, tensors, **fixed):
    moved = [name for name, tensor in tensors.items() if tensor.requires_grad]

    def loss(*at):
        return loss_of(**tensors | dict(zip(moved, at, strict=True)), **fixed)

    at = [tensors[name] for name in moved]
    assert torch.autograd.gradcheck(loss, at, eps=STEP, atol=TOLERANCE, rtol=TOLERANCE)


@options
@reductions
@pytest.mark.parametrize("of", ["indices", "probabilities"])
def test_cross_entropy(client, of, reduction, options):
    torch.manual_seed(1)
    tensors = {"input": random(5, 4)} | targets(of)
    hold(cross_entropy, tensors, client=client, reduction=reduction, **options)


@options
@reductions
@pytest.mark.parametrize("of", ["indices", "probabilities"])
def test_linear_cross_entropy(client, of, reduction, options):
    torch.manual_seed(2)
    layer = {"input": random(5, 3), "linear_weight": random(4, 3), "linear_bias": random(4)}
    hold(linear_cross_entropy, layer | targets(of), client=client, reduction=reduction, **options)


@reductions
def test_classes_second(client, reduction):
    torch.manual_seed(3)
    tensors = {"input": random(2, 4, 3), "target": torch.randint(0, 4, (2, 3))}
    hold(cross_entropy, tensors, client=client, reduction=reduction)


@reductions
def test_layer_behind_many_axes(client, reduction):
    """Beyond PyTorch, whose input has two axes at most."""
    torch.manual_seed(4)
    tensors = {"input": random(2, 3, 2), "linear_weight": random(4, 2)}
    target = torch.randint(0, 4, (2, 3))
    hold(linear_cross_entropy, tensors | {"target": target}, client=client, reduction=reduction)


def test_denominator(client):
    torch.manual_seed(5)
    tensors = {"input": random(5, 4)} | targets("indices")
    hold(cross_entropy, tensors, client=client, denominator=-7.0)
