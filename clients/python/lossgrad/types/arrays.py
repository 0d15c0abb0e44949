"""Reading whatever a caller calls an array, and rows of it."""

from __future__ import annotations

from math import prod
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
        With the reason, for ragged lists and the like, and for masked arrays, whose
        mask would be lost.
    """
    if type(value) is np.ndarray:
        return value
    if isinstance(value, np.ndarray):
        return _without_subclass(cast(Array, value))
    try:
        if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
            return np.from_dlpack(cast(Any, value))
        return np.asarray(cast(Any, value))
    except Exception as error:  # a foreign object may raise anything
        raise NotAnArray(f"cannot be read as an array: {error}{_advice_on(value)}") from error


def _advice_on(value: object) -> str:
    """Return what to do with a tensor of PyTorch, which NumPy takes only if it is a plain one."""
    is_tensor = hasattr(value, "detach") and hasattr(value, "float")
    return "; send tensor.detach(), or of bfloat16 tensor.detach().float()" if is_tensor else ""


def _without_subclass(array: Array) -> Array:
    if isinstance(array, np.ma.MaskedArray):
        advice = "fill it, or mark rows by ignore_index or sample_weights"
        raise NotAnArray(f"is a masked array, whose mask would be lost; {advice}")
    return np.asarray(array)


def read_labels(value: object) -> Array:
    """Like `read_array`, with lists without entries, which NumPy takes for float64, as int64."""
    array = read_array(value)
    is_empty_list = isinstance(value, (list, tuple)) and not array.size
    return array.astype(np.int64) if is_empty_list else array


def read_floats(value: object) -> Array:
    """Like `read_array`, with nested lists of integers read as float64."""
    array = read_array(value)
    is_python_numbers = isinstance(value, (list, tuple, int, float))
    return array.astype(np.float64) if is_python_numbers and array.dtype.kind in "iu" else array


def read_rows(array: Array, span: slice, *, vectors: bool) -> Array:
    """Return rows `span` of an array with its leading axes flattened, copying no others.

    Parameters
    ----------
    array
        (…, C) or (…), any strides.
    span
        Which of the flattened rows; with both ends.
    vectors
        Whether the last axis belongs to the row.

    Returns
    -------
    Array
        (rows, C) or (rows,); a view where the strides allow one.
    """
    if array.ndim == 1 + vectors:
        return array[span]
    leading = array.shape[:-1] if vectors else array.shape
    row = array.shape[len(leading) :]
    if array.flags.c_contiguous or not leading:
        return array.reshape(prod(leading), *row)[span]
    # One reshape of an array with gaps would copy all of it.
    flat = cast(Array, np.arange(span.start, span.stop))
    return array[np.unravel_index(flat, leading)]
