"""From scores s to z − m: temperature and softcap.

z itself is never needed, only how far it lies below its row's maximum. That
difference is made in the next wider type and rounded once: with temperature as
(s − s_k)/τ, since s/τ − s_k/τ would round each part, at the size of the scores
instead of the size of their difference. Where NumPy's ``longdouble`` is no wider
than float64 (Windows, macOS on ARM), float64 rows lose a few units in the last place.

A score of −∞ is a mask: z = −∞ there with any temperature and softcap, although
κ·tanh(−∞) would be −κ.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossgrad_service.kernels.arrays import Array


def wider(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type in which differences of `dtype` are made."""
    return np.dtype(np.float64 if dtype == np.float32 else np.longdouble)


def first_maximum(scores: Array) -> tuple[Array, Array]:
    """Return k, the first class with the largest score, and s_k.

    z rises with s, so that k is also the first class with the largest z. NaN counts
    as the largest, so that s_k is finite only in rows without NaN and +∞ and with at
    least one class that is not masked.

    Parameters
    ----------
    scores
        (n, C), float32 or float64.

    Returns
    -------
    tuple
        k, (n,) integers; s_k, (n,) of the dtype of the scores.
    """
    first = scores.argmax(axis=1)
    return first, scores[np.arange(len(scores)), first]


def below_maximum(
    scores: Array,
    maximum: Array,
    temperature: float,
    softcap: float | None,
    dtype: np.dtype[Any],
) -> Array:
    """Return z − m, rounded once to `dtype`.

    Parameters
    ----------
    scores
        s, (n, j) for any j, float32 or float64.
    maximum
        s_k, (n,), of the same dtype.
    temperature, softcap
        τ and κ; a softcap of None is none.
    dtype
        That of the result: at least as wide as the scores'.

    Returns
    -------
    Array
        (n, j), ≤ 0, contiguous and new; −∞ for masked classes and where the
        difference does not fit; NaN where s and s_k are both +∞ or both −∞.
    """
    if softcap is not None:
        return _capped(scores, maximum, temperature, softcap).astype(dtype)
    if temperature != 1:
        return _tempered(scores, maximum, temperature).astype(dtype)
    return np.subtract(scores, maximum[:, None], dtype=dtype, order="C")


def _tempered(scores: Array, maximum: Array, temperature: float) -> Array:
    """Return (s − s_k)/τ in the wider type."""
    wide = wider(scores.dtype)
    difference = np.subtract(scores, maximum[:, None], dtype=wide, order="C")
    difference /= wide.type(temperature)
    return difference


def _capped(scores: Array, maximum: Array, temperature: float, softcap: float) -> Array:
    """Return κ·(tanh v − tanh w) in the wider type, with v = s/(τκ) and w = s_k/(τκ) ≥ v.

    tanh w − tanh v = sinh(w − v)/(cosh v·cosh w)
    = 2·e^{−2·max(v, −w, 0)}·(1 − e^{−2(w − v)})/((1 + e^{−2|v|})·(1 + e^{−2|w|})),

    in which nothing cancels, neither for scores close together nor for scores so
    large that both tanh are 1.
    """
    wide = wider(scores.dtype)
    scale = wide.type(temperature) * wide.type(softcap)
    top = maximum[:, None].astype(wide)
    v, w = np.divide(scores, scale, dtype=wide, order="C"), top / scale
    part = -np.expm1(np.subtract(scores, top, dtype=wide, order="C") * (2 / scale))
    part *= np.exp(-2 * np.maximum(np.maximum(v, -w), 0))
    part /= (1 + np.exp(-2 * np.abs(v))) * (1 + np.exp(-2 * np.abs(w)))
    part *= -2 * wide.type(softcap)
    part[np.isneginf(scores) & ~np.isneginf(top)] = -np.inf
    return part


def largest(
    maximum: Array, temperature: float, softcap: float | None, dtype: np.dtype[Any]
) -> Array:
    """Return m, the largest z of a row: s_k/τ, or κ·tanh(s_k/(τκ)).

    Parameters
    ----------
    maximum
        s_k, (n,), float32 or float64.
    temperature, softcap
        τ and κ; a softcap of None is none.
    dtype
        That of the result, float64 or longdouble.

    Returns
    -------
    Array
        (n,).
    """
    wide = wider(maximum.dtype)
    z = maximum.astype(wide) / wide.type(temperature)
    if softcap is not None:
        cap = wide.type(softcap)
        z = np.where(np.isneginf(z), z, cap * np.tanh(z / cap))
    return z.astype(dtype)


def cap_slope(scores: Array, temperature: float, softcap: float) -> Array:
    """Return sech²(u/κ), u = s/τ, the slope of the softcap, by its own formula.

    sech² v = 4·e^{−2|v|}/(1 + e^{−2|v|})²; 1 − tanh² v would lose every digit where
    tanh v is close to 1.

    Parameters
    ----------
    scores
        s, (n, C), float32 or float64.
    temperature, softcap
        τ and κ.

    Returns
    -------
    Array
        (n, C), float64; 0 for masked classes.
    """
    wide = wider(scores.dtype)
    scale = wide.type(temperature) * wide.type(softcap)
    falling = np.exp(-2 * np.abs(np.divide(scores, scale, dtype=wide, order="C")))
    return (4 * falling / (1 + falling) ** 2).astype(np.float64)
