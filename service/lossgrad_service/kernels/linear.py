"""The layers: affine maps, the ReLU between them, and the L2 penalty."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.tiles import MAX_TILE_BYTES, product, rows_within, spans


def affine(rows: Array, weights: Array, bias: Array | None, tile_rows: int) -> Array:
    """Return rows·W + b.

    Parameters
    ----------
    rows
        (n, K), C-contiguous.
    weights, bias
        W, (K, M), C-contiguous, and b, (M,), of the same dtype; None is no bias.
    tile_rows
        Rows of one tile.

    Returns
    -------
    Array
        (n, M) of the same dtype.
    """
    result = product(rows, weights, tile_rows)
    if bias is not None:
        result += bias
    return result


def relu(pre_activations: Array) -> Array:
    """Return max(v, 0) in place; NaN stays NaN."""
    return np.maximum(pre_activations, 0, out=pre_activations)


def relu_gate(gradient: Array, activations: Array) -> Array:
    """Return dZ1 = dH1∘[h1 > 0]: exactly 0 where the ReLU was not positive.

    Chosen, not multiplied: a gradient that overflowed would give ∞·0 = NaN. A NaN in h1
    lets through what comes, as PyTorch's does.

    Parameters
    ----------
    gradient, activations
        dH1 and h1, (n, D), of the same dtype.

    Returns
    -------
    Array
        (n, D) of that dtype.
    """
    return np.where(activations <= 0, gradient.dtype.type(0), gradient)


def sum_of_squares(weights: Array) -> float:
    """Return ΣW², squared and added in float64.

    Parameters
    ----------
    weights
        W, (K, M), any float dtype and layout.
    """
    total = 0.0
    for span in _parts(weights):
        part = weights[span].astype(np.float64, order="C")
        total += float(np.square(part, out=part).sum())
    return total


def add_scaled(total: Array, weights: Array, factor: float) -> None:
    """Add factor·W to `total`: the gradient of (factor/2)·ΣW².

    Parameters
    ----------
    total
        (K, M), float64, changed in place.
    weights
        W, (K, M), any float dtype.
    factor
        reg for the convention "half", 2·reg for "full".
    """
    for span in _parts(weights):
        total[span] += factor * weights[span].astype(np.float64, order="C")


def _parts(weights: Array) -> Iterator[slice]:
    """Yield the rows of W that are made float64 at a time: by its own width, no copy of it all."""
    step = rows_within(MAX_TILE_BYTES, weights.shape[1], np.dtype(np.float64))
    return spans(len(weights), step)
