"""What the losses take for constants: refused where PyTorch would differentiate by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from torch import Tensor
from torch.autograd import forward_ad

from lossgrad.errors import InvalidArgument, Unimplemented


def refuse_gradients(constants: Mapping[str, object]) -> None:
    """Refuse constants that require a gradient.

    Raises
    ------
    InvalidArgument
        Where one does.
    """
    for name, tensor in _tensors(constants):
        if tensor.requires_grad:
            advice = "detach it, or apply it to the input or to the loss with PyTorch"
            raise InvalidArgument.at(name, f"has no gradient here; {advice}")


def refuse_tangents(inputs: Mapping[str, object]) -> None:
    """Refuse tensors of PyTorch's forward mode.

    Raises
    ------
    Unimplemented
        Where there is one: the derivative of the loss would be taken for 0.
    """
    for name, tensor in _tensors(inputs):
        if cast(Any, forward_ad).unpack_dual(tensor).tangent is not None:
            text = f"{name} has a tangent, but forward mode is not there; use torch.nn.functional"
            raise Unimplemented(text)


def _tensors(values: Mapping[str, object]) -> Iterator[tuple[str, Tensor]]:
    return ((name, value) for name, value in values.items() if isinstance(value, Tensor))
