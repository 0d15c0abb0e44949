"""Large arrays without rows of a batch, part by part."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from lossgrad.types import Array
from lossgrad_service.core.rows import is_ready, ready
from lossgrad_service.kernels.arrays import frozen
from lossgrad_service.kernels.matrices import tiles
from lossgrad_service.kernels.wanted import while_wanted


def parts_of(array: Array) -> list[slice]:
    """Return rows of a matrix, few enough to be cheap to hold, or a vector as a whole."""
    if array.ndim == 1:
        return [slice(0, len(array))]
    step = tiles.rows_within(tiles.MAX_TILE_BYTES, prod(array.shape[1:]), array.dtype)
    return tiles.spans(len(array), step)


def zeros(shape: tuple[int, ...]) -> Array:
    """Return zeros in float64, whose memory is taken now.

    Left to the first sum, which goes over all rows, it would be taken at one stretch.
    """
    array = np.zeros(shape)
    if array.nbytes > tiles.MAX_TILE_BYTES:
        for span in while_wanted(parts_of(array)):
            array[span] = 0
    return array


def ready_in_parts(array: Array, dtype: np.dtype[Any]) -> Array:
    """Return an array as `rows.ready` does; of weights that lie otherwise a copy may take long."""
    if array.nbytes <= tiles.MAX_TILE_BYTES or is_ready(array, dtype):
        return ready(array, dtype)
    result = np.empty(array.shape, dtype)
    for span in while_wanted(parts_of(array)):
        result[span] = ready(array[span], dtype)
    return frozen(result)


def rounded(array: Array, dtype: np.dtype[Any]) -> Array:
    """Return an array in another dtype; itself if it has it."""
    if array.dtype == dtype or array.nbytes <= tiles.MAX_TILE_BYTES:
        return array.astype(dtype, copy=False)
    result = np.empty(array.shape, dtype)
    for span in while_wanted(parts_of(array)):
        result[span] = array[span]
    return result
