"""The layers: affine maps, the ReLU between them, and the L2 penalty."""

from __future__ import annotations

import numpy as np

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiling.compiled import program
from lossgrad_service.kernels.matrices.products import product
from lossgrad_service.kernels.matrices.tiles import MAX_TILE_BYTES, rows_within, spans
from lossgrad_service.kernels.parallel import in_parallel
from lossgrad_service.kernels.wanted import while_wanted


def affine(
    rows: Array, weights: Array, bias: Array, run_rows: int, threads: int
) -> tuple[Array, bool]:
    """Return rows·W + b, and whether all of it is finite, but for what a bias of −∞ masks.

    Parameters
    ----------
    rows
        (n, K), C-contiguous.
    weights, bias
        W, (K, M), C-contiguous, and b, (M,), of the same dtype.
    run_rows
        Rows to which one thread adds b at a time.
    threads
        How many work at the same time.

    Returns
    -------
    tuple
        (n, M) of the same dtype, and a bool.
    """
    result = product(rows, weights, threads)

    def finish(span: slice) -> bool:
        return bool(add_bias(result[span], bias))

    return result, all(in_parallel(finish, spans(len(result), run_rows), threads))


def relu(pre_activations: Array) -> Array:
    """Return max(v, 0) in place; NaN stays NaN."""
    return np.maximum(pre_activations, 0, out=pre_activations)


@program
def add_bias(rows: Array, bias: Array) -> bool:
    """Add b to each row, in place; return whether all is finite, but for what −∞ masks.

    Looking costs nothing here: the entries are in registers.

    Parameters
    ----------
    rows
        (n, M), float32 or float64.
    bias
        b, (M,), of the same dtype.
    """
    wrong = 0
    for i in range(len(rows)):
        for j in range(rows.shape[1]):
            entry = rows[i, j] + bias[j]
            rows[i, j] = entry
            wrong |= int(not (abs(entry) < np.inf or (entry == -np.inf and bias[j] == -np.inf)))
    return wrong == 0


@program
def are_finite(rows: Array) -> bool:
    """Return whether all entries of a matrix are finite."""
    wrong = 0
    for i in range(len(rows)):
        for j in range(rows.shape[1]):
            wrong |= int(not abs(rows[i, j]) < np.inf)
    return wrong == 0


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
    for span in while_wanted(_parts(weights)):
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
    for span in while_wanted(_parts(weights)):
        total[span] += factor * weights[span].astype(np.float64, order="C")


def _parts(weights: Array) -> list[slice]:
    """Return the rows of W that are made float64 at a time: by its own width, no copy of it all."""
    step = rows_within(MAX_TILE_BYTES, weights.shape[1], np.dtype(np.float64))
    return spans(len(weights), step)
