"""Reading whatever a caller calls an array."""

from __future__ import annotations

from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

MAX_AXES = 32
"""Most axes that an array may have."""


class NotAnArray(ValueError):
    """Why a value cannot be read as an array."""


def read_array(value: object) -> Array:
    """Return `value` as an ndarray, without copying where NumPy can avoid it.

    Takes arrays of any strides and either byte order, read-only or
    memory-mapped ones, whatever has ``__array__`` or ``__dlpack__``, and nested
    lists of numbers, which are float64 unless all are integers.

    Raises
    ------
    NotAnArray
        With the reason, for ragged lists and the like.
    """
    if isinstance(value, np.ndarray):
        return np.asarray(cast(Array, value))
    try:
        if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
            return np.from_dlpack(cast(Any, value))
        return np.asarray(cast(Any, value))
    except Exception as error:  # a foreign object may raise anything
        raise NotAnArray(f"cannot be read as an array: {error}") from error


def read_floats(value: object) -> Array:
    """Like `read_array`, with nested lists of integers read as float64."""
    array = read_array(value)
    is_python_numbers = isinstance(value, (list, tuple, int, float))
    return array.astype(np.float64) if is_python_numbers and array.dtype.kind in "iu" else array
