"""Rows as the kernels take them, and as the answer has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossgrad.types import Array, dtypes
from lossgrad_service.kernels.arrays import frozen
from lossgrad_service.kernels.numbers import halves


def ready(array: Array, dtype: np.dtype[Any]) -> Array:
    """Return an array as the kernels take it; itself if it is.

    That is of `dtype`, C-contiguous, aligned and read-only: compiled code is made anew for each
    kind of array, such as for bytes that arrived at an odd offset.
    """
    if is_ready(array, dtype):
        return frozen(array)
    widen = _WIDENING.get(array.dtype) if dtype == np.float32 and array.ndim == 2 else None
    if widen is None:
        return frozen(np.require(array, dtype, ("C", "A")))
    rows = np.empty(array.shape, dtype)
    widen(frozen(np.require(array, None, ("C", "A")).view(np.uint16)), rows)
    return frozen(rows)


def is_ready(array: Array, dtype: np.dtype[Any]) -> bool:
    """Return whether the kernels can take an array as it lies."""
    flags = array.flags
    return array.dtype == dtype and flags.c_contiguous and flags.aligned


def write_rows(rows: Array, view: Array) -> None:
    """Write rows into an output of any float dtype, rounding once.

    Parameters
    ----------
    rows
        (n, C), float32 or float64.
    view
        (n, C), C-contiguous, written.
    """
    narrow = _NARROWING.get(view.dtype) if rows.dtype == np.float32 else None
    if narrow is None:
        np.copyto(view, rows, casting="same_kind")
    else:
        narrow(frozen(rows), view.view(np.uint16))


def every(number: float, n: int) -> Array:
    """Return a number n times, (n,), read-only; an integer gives intp."""
    few = _EVERY[type(number), number]
    return few[:n] if n <= _FEW else frozen(np.full(n, number, few.dtype))


_FEW = 2**12
"""Like numbers that are made once."""
_EVERY = {(type(number), number): frozen(np.full(_FEW, number)) for number in (1.0, 0, False, True)}
_WIDENING = {
    np.dtype(np.float16): halves.widen_halves,
    dtypes.to_numpy("bf16"): halves.widen_brains,
}
_NARROWING = {
    np.dtype(np.float16): halves.narrow_to_halves,
    dtypes.to_numpy("bf16"): halves.narrow_to_brains,
}
