"""Reading runs of rows of arrays with any leading axes."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from lossgrad.types import Array


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
    leading = array.shape[:-1] if vectors else array.shape
    row = array.shape[len(leading) :]
    if len(leading) == 1:
        return array[span]
    if array.flags.c_contiguous or not leading:
        return array.reshape(prod(leading), *row)[span]
    # One reshape of an array with gaps would copy all of it.
    return array[np.unravel_index(np.arange(span.start, span.stop), leading)]


def ready(array: Array, dtype: np.dtype[Any]) -> Array:
    """Return an array as BLAS takes it: of `dtype`, C-contiguous and aligned; itself if it is.

    NumPy multiplies what is not (such as bytes that arrived at an odd offset) by loops
    of its own, which round in another order.
    """
    return np.require(array, dtype, ("C", "A"))
