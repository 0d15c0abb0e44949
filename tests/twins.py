"""Slow twins: the derivations' own codes, written as a student would, traps included.

None of them shifts the scores by the row's maximum except the last, so that the first
three overflow near 710, the largest number whose exponential a float64 holds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def two_loops(scores: Array, y: Labels) -> Array:
    """∂L/∂s_{a,b} = −(1/N)·([y_a = b] − softmax_b(s_a)), one entry at a time."""
    n_rows, n_classes = scores.shape
    dscores = np.zeros_like(scores)
    for a in range(n_rows):
        total = sum(np.exp(scores[a, j]) for j in range(n_classes))
        for b in range(n_classes):
            softmax = np.exp(scores[a, b]) / total
            if y[a] == b:
                dscores[a, b] = -(1 - softmax) / n_rows
            else:
                dscores[a, b] = softmax / n_rows
    return dscores


def one_loop(scores: Array, y: Labels) -> Array:
    """The same with whole rows: the `if` has become a subtraction at the label."""
    n_rows = len(scores)
    dscores = np.zeros_like(scores)
    for a in range(n_rows):
        exponentials = np.exp(scores[a])
        dscores[a] = exponentials / (n_rows * exponentials.sum())
        dscores[a, y[a]] -= 1 / n_rows
    return dscores


def vectorised_leaky(scores: Array, y: Labels) -> np.matrix:
    """The same without a loop; np.matrix makes the row sums a column, and leaks out.

    An np.matrix divided into an array makes the quotient an np.matrix, on which
    ``*`` means the matrix product and indexing a row keeps two axes.
    """
    n_rows = len(scores)
    exponentials = np.exp(scores)
    column = np.matrix(exponentials.sum(axis=1)).T
    dscores = exponentials / (n_rows * column)
    dscores[range(n_rows), y] -= 1 / n_rows
    return dscores


def vectorised(scores: Array, y: Labels) -> Array:
    """`vectorised_leaky` with the matrix turned back into an array."""
    return np.asarray(vectorised_leaky(scores, y))


def mean_loss(scores: Array, y: Labels) -> float:
    """L = −(1/N)·Σ_i log(e^{s_{i,y_i}} / Σ_j e^{s_{i,j}}), without the penalty."""
    exponentials = np.exp(scores)
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    return float(-np.log(softmax[range(len(y)), y]).mean())


def two_layer_net(
    x: Array, w1: Array, b1: Array, w2: Array, b2: Array, y: Labels, reg: float
) -> dict[str, Array | float]:
    """Loss and every gradient of the two-layer net, R = reg·½·(ΣW1² + ΣW2²)."""
    ones = np.ones(len(x))
    h1 = np.maximum(0, x @ w1 + b1)
    scores = h1 @ w2 + b2
    dscores = one_loop(scores, y)
    dh1 = dscores @ w2.T
    dz1 = dh1 * (h1 > 0)
    penalty = reg * 0.5 * float((w1 * w1).sum() + (w2 * w2).sum())
    return {
        "loss": mean_loss(scores, y) + penalty,
        "dscores": dscores,
        "dw2": h1.T @ dscores + reg * w2,
        "db2": ones @ dscores,
        "dh1": dh1,
        "dw1": x.T @ dz1 + reg * w1,
        "db1": ones @ dz1,
        "dx": dz1 @ w1.T,
    }


def linear_classifier(x: Array, w: Array, y: Labels, reg: float) -> tuple[float, Array]:
    """Loss and dW of s = x·W, R = reg·ΣW² (no ½), with the shift by the maximum."""
    n_rows = len(x)
    scores = x @ w
    factors = np.exp(scores - scores.max(axis=1, keepdims=True))
    partition = factors.sum(axis=1, keepdims=True)
    softmax = factors / partition
    loss = -np.log(softmax[range(n_rows), y]).sum() / n_rows + reg * (w * w).sum()
    softmax[range(n_rows), y] -= 1
    return float(loss), x.T @ softmax / n_rows + 2 * reg * w
