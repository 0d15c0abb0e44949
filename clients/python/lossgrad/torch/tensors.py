"""Tensors as arrays, and arrays as tensors; on the CPU over the same memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor

from lossgrad.errors import InvalidArgument
from lossgrad.types import dtypes
from lossgrad.types.arrays import Array


def those_given(tensors: Mapping[str, Tensor | None]) -> dict[str, Tensor]:
    """Return the tensors that are there.

    Raises
    ------
    InvalidArgument
        Where one is no tensor.
    """
    given = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    for name, value in cast(Mapping[str, object], given).items():
        if not isinstance(value, Tensor):
            raise InvalidArgument.at(name, f"must be a tensor, got {type(value).__name__}")
    return given


def to_arrays(tensors: Mapping[str, Tensor]) -> dict[str, Array]:
    """Return tensors as arrays, by their names.

    Raises
    ------
    InvalidArgument
        Where one cannot be read as an array.
    """
    return {name: _to_array(name, tensor) for name, tensor in tensors.items()}


def to_tensor(array: Array, device: torch.device) -> Tensor:
    """Return an array that nobody else writes to as a tensor."""
    return torch.as_tensor(array, device=device)


def _to_array(name: str, tensor: Tensor) -> Array:
    try:
        return _of_bfloat16(tensor) if tensor.dtype == torch.bfloat16 else _on_cpu(tensor)
    except (RuntimeError, TypeError) as error:  # sparse ones, those without memory, and so on
        raise InvalidArgument.at(name, f"cannot be read as an array: {error}") from error
    except ImportError as error:
        text = 'bfloat16 needs the package ml-dtypes: pip install "lossgrad[torch]"'
        raise InvalidArgument.at(name, text) from error


def _of_bfloat16(tensor: Tensor) -> Array:
    """Read 16 bits as they are: NumPy has no bfloat16 of its own."""
    return _on_cpu(tensor.detach().view(torch.int16)).view(dtypes.bfloat16())


def _on_cpu(tensor: Tensor) -> Array:
    return tensor.numpy(force=True)
