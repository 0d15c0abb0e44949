"""From what was sent of an input to its array."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossgrad.codecs.tensors import BadTensor, Layout
from lossgrad.types import Array, dtypes
from lossgrad_service.open_inference.datatypes import DATATYPES, dtype_of
from lossgrad_service.open_inference.sent import Tensor


def read_tensor(tensor: Tensor) -> Array:
    """Return the array of an input, whose name is known.

    Raises
    ------
    BadTensor
        Where datatype, shape and elements do not go together, or a number is beyond the datatype.
    """
    layout = Layout.of(dtype_of(tensor.name, tensor.datatype), tensor.shape)
    if isinstance(tensor.elements, np.ndarray):
        return _in_layout(tensor.elements, layout)
    return layout.over(tensor.elements)


def _in_layout(numbers: Array, layout: Layout) -> Array:
    """Return numbers in the dtype and shape that were told of them."""
    if numbers.ndim != 1 and numbers.shape != layout.shape:
        raise BadTensor("data", f"has shape {numbers.shape}, but {layout.shape} was told")
    if numbers.size * layout.dtype.itemsize != layout.size:
        count = layout.size // layout.dtype.itemsize
        raise BadTensor(
            "data", f"has {numbers.size} elements, but shape {layout.shape} has {count}"
        )
    return _narrowed(numbers, layout).reshape(layout.shape)


def _narrowed(numbers: Array, layout: Layout) -> Array:
    narrow = _narrowed_floats if layout.name in dtypes.FLOATS else _narrowed_integers
    found, is_beyond = narrow(numbers, layout.dtype)
    if is_beyond.any():
        first = numbers[is_beyond][0]
        raise BadTensor("data", f"{first} is beyond {DATATYPES[layout.name]}")
    return found


def _narrowed_floats(numbers: Array, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    with np.errstate(over="ignore"):
        found = numbers.astype(dtype)
    return found, np.isinf(found) & np.isfinite(numbers)


def _narrowed_integers(numbers: Array, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    bounds = np.iinfo(dtype)
    return numbers.astype(dtype), (numbers < bounds.min) | (numbers > bounds.max)
