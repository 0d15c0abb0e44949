"""lossgrad as a node of PyTorch's graph: loss and gradients come from one call."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from integrations.ours import compute

GRADIENT_OF = {
    "scores": "dscores",
    "targets": "dtargets",
    "h1": "dh1",
    "w2": "dw2",
    "b2": "db2",
    "x": "dx",
    "w1": "dw1",
    "b1": "db1",
}


class Loss(Function):
    """``Loss.apply(fixed, names, *tensors)``: a loss of the tensors, named as our inputs."""

    @staticmethod
    def forward(ctx: Any, fixed: dict[str, Any], names: list[str], *tensors: Tensor) -> Tensor:
        arrays = {name: tensor.numpy() for name, tensor in zip(names, tensors, strict=True)}
        gradients = [GRADIENT_OF[name] for name in names]
        result = compute(**arrays, **fixed, want=["loss", *gradients])
        ctx.save_for_backward(*(torch.from_numpy(result.arrays[name]) for name in gradients))
        return torch.tensor(result.loss, dtype=torch.float64)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *(upstream * gradient for gradient in ctx.saved_tensors)
