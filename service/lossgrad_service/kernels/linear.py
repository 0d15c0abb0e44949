"""The layers: affine maps, the ReLU between them, and the L2 penalty."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossgrad_service.kernels.tiles import product, spans

Array = NDArray[Any]


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
    """Return dZ1 = dH1∘[h1 > 0]: the ReLU passes gradients only where it was positive.

    Parameters
    ----------
    gradient, activations
        dH1 and h1, (n, D), of the same dtype.

    Returns
    -------
    Array
        (n, D) of that dtype.
    """
    return gradient * (activations > 0)


def sum_of_squares(weights: Array, rows: int) -> float:
    """Return ΣW², squared and added in float64.

    Parameters
    ----------
    weights
        W, (K, M), any float dtype.
    rows
        How many of its rows are made float64 at a time.
    """
    total = 0.0
    for span in spans(len(weights), rows):
        part = weights[span].astype(np.float64)
        total += float(np.square(part, out=part).sum())
    return total


def add_scaled(total: Array, weights: Array, factor: float, rows: int) -> None:
    """Add factor·W to `total`: the gradient of (factor/2)·ΣW².

    Parameters
    ----------
    total
        (K, M), float64, changed in place.
    weights
        W, (K, M), any float dtype.
    factor
        reg for the convention "half", 2·reg for "full".
    rows
        How many of its rows are worked on at a time.
    """
    for span in spans(len(weights), rows):
        total[span] += factor * weights[span].astype(np.float64)
