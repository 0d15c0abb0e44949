"""The softmax loss of a block of rows and its gradients.

Everything is told by T, the sum of the exponentials *other* than the maximum's,
which is exactly 1. A confident row has p → 1, and both p − 1 and lse − z_y would
keep nothing but rounding there, while T = e^{−17} is as good a number as any.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossgrad_service.kernels.arrays import Array


def exponentials(below: Array, dtype: np.dtype[Any], out: Array | None = None) -> Array:
    """Return e = e^{z − m}, computed in `dtype` and held in float64 or wider.

    Parameters
    ----------
    below
        z − m, (n, C), C-contiguous (NumPy's loops for other strides give other bits).
    dtype
        float32, float64 or longdouble.
    out
        Where they are computed, (n, C) of that dtype; may be `below` itself.

    Returns
    -------
    Array
        (n, C), float64 (longdouble for that), C-contiguous; 0 for masked classes, 1 at the
        maximum.
    """
    exponents = below.astype(dtype, copy=False)
    exps = np.exp(exponents, out=out)
    return exps.astype(np.result_type(dtype, np.float64), copy=False)


def sum_of_others(exps: Array, first: Array) -> Array:
    """Return T = Σ_{j≠k} e_j.

    The maximum is left out of the sum, not subtracted from it: Σ − 1 would round
    T at the size of 1. In a row with NaN, +∞ or nothing but −∞ its e_k is NaN, and
    so then is T.

    Parameters
    ----------
    exps
        e, (n, C), float64, C-contiguous; as before on return.
    first
        k, (n,), integers.

    Returns
    -------
    Array
        (n,), float64, in [0, C − 1].
    """
    rows = np.arange(len(exps))
    at_maximum = exps[rows, first]
    exps[rows, first] = 0
    rest = exps.sum(axis=1)
    exps[rows, first] = at_maximum
    return rest + (at_maximum - 1)


def log_partition(largest: Array, rest: Array) -> Array:
    """Return lse = m + log1p(T); all arrays (n,), float64 or longdouble."""
    return largest + np.log1p(rest)


def probabilities(exps: Array, rest: Array) -> Array:
    """Return p = e/(1 + T).

    Parameters
    ----------
    exps, rest
        e, (n, C), and T, (n,), float64.

    Returns
    -------
    Array
        (n, C), float64.
    """
    return exps / (1 + rest)[:, None]


def label_losses(rest: Array, gap: Array, weight: Array) -> Array:
    """Return Q·(lse − z_y) = Q·log1p(T) + Q·(m − z_y); both parts have Q's sign: nothing cancels.

    Parameters
    ----------
    rest, gap
        T and m − z_y, (n,), float64.
    weight
        Q = a·c_y, (n,), float64; a row of weight 0 loses 0, even where the gap is ∞.

    Returns
    -------
    Array
        (n,), float64; NaN where T is, whatever the weight.
    """
    return weight * np.log1p(rest) + np.where(weight == 0, 0.0, weight * gap)


def label_gradient(exps: Array, rest: Array, first: Array, labels: Array, weight: Array) -> None:
    """Turn e into dz for hard labels, in place.

    dz_j = Q·e_j/(1 + T) for j ≠ y, and dz_y = −Q·(Σ_{j≠y} e_j)/(1 + T), where
    Σ_{j≠y} e_j is T if y = k and 1 + (T − e_y) otherwise. The subtraction loses
    nothing: T holds e_y as one of its terms and e_y ≤ 1, so that its error, a few
    units of T, is as small next to 1 + (T − e_y) ≥ T. The entry is never made as
    p_y − 1.

    Parameters
    ----------
    exps
        e, (n, C), float64; dz on return.
    rest, first, labels
        T, k and y, (n,).
    weight
        Q/D'/τ, (n,), float64.
    """
    rows = np.arange(len(exps))
    others = np.where(labels == first, rest, 1 + (rest - exps[rows, labels]))
    per_exponential = weight / (1 + rest)
    exps *= per_exponential[:, None]
    exps[rows, labels] = 0 - per_exponential * others


def soft_losses(mass: Array, below: Array, rest: Array) -> Array:
    """Return Σ_j q_j·(lse − z_j) = Q·log1p(T) + Σ_j q_j·(m − z_j), with 0·∞ = 0.

    Parameters
    ----------
    mass
        q, (n, C), float64.
    below
        z − m, (n, C), float64.
    rest
        T, (n,), float64.

    Returns
    -------
    Array
        (n,), float64.
    """
    terms = mass * below
    np.copyto(terms, 0.0, where=mass == 0)
    spread = mass.sum(axis=1) * np.log1p(rest)
    return spread - terms.sum(axis=1)


def soft_gradient(
    exps: Array, rest: Array, mass: Array, pull: Array, denominator: float, temperature: float
) -> None:
    """Turn e into du = [(Q + 2·α·a·lse)·p − q]/D'/τ, in place.

    One division after the other: D'·τ may underflow or overflow where neither quotient does.

    Parameters
    ----------
    exps
        e, (n, C), float64; dz on return.
    rest
        T, (n,), float64.
    mass
        q, (n, C), float64; used up.
    pull
        Q + 2·α·a·lse, (n,), float64.
    denominator, temperature
        D' and τ.
    """
    exps *= (pull / (1 + rest) / denominator / temperature)[:, None]
    mass /= denominator
    mass /= temperature
    exps -= mass


def target_gradient(
    below: Array, rest: Array, row_weight: Array, class_weight: Array | None
) -> Array:
    """Return dtargets = a·c·(1 − ε)·(lse − z)/D', with lse − z = log1p(T) − (z − m).

    Parameters
    ----------
    below
        z − m, (n, C), float64.
    rest
        T, (n,), float64.
    row_weight
        a·(1 − ε)/D', (n,), float64.
    class_weight
        c, (C,), float64; None is 1 everywhere.

    Returns
    -------
    Array
        (n, C), float64; ±∞ or NaN for masked classes, where the caller puts 0.
    """
    gradient = np.log1p(rest)[:, None] - below
    gradient *= row_weight[:, None]
    if class_weight is not None:
        gradient *= class_weight
    return gradient
