"""The contract's general form of the softmax loss at 400 digits, one row at a time.

An independent code: it shares nothing with the service but the formulas, and
subtracts no maximum, since nothing overflows here. With so many digits even p − 1
keeps all of float64's, down to the smallest number that it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from mpmath import mp, mpf

DIGITS = 400
mp.dps = DIGITS

KEPT_ROWS = 2048

EPSILON = {"float64": 1.2e-16, "float32": 6e-8}
"""The unit of contract §5's bound, (r + 8)·unit."""

LEAST_EXPONENTIAL = {"float64": 2.0**-1022, "float32": 2.0**-252}
"""Where an exponential has no digits left: what is below is only right in absolute terms."""


@dataclass(frozen=True)
class Row:
    """Exact answers for one row, before division by the denominator."""

    loss: mpf
    dscores: list[mpf]
    z_term: mpf
    log_partition: mpf
    probs: list[mpf]
    pull: mpf
    """Q + 2αa·lse."""
    mass: list[mpf]
    """q."""
    slope: list[mpf]
    """dz/ds."""
    spread: float
    """r, the row's maximum less its smallest finite z."""
    factor: mpf
    """What the row's exponentials are multiplied by, at most."""

    def scale(self, floor: float) -> list[mpf]:
        """Return |Q + 2αa·lse|·p + q of each entry, p at least `floor`: the bound's scale."""
        return [self.scale_at(j, floor) for j in range(len(self.probs))]

    def scale_at(self, j: int, floor: float) -> mpf:
        """Return the scale of one entry."""
        return (abs(self.pull) * max(self.probs[j], mpf(floor)) + abs(self.mass[j])) * self.slope[j]


def one_hot(label: int, classes: int) -> list[float]:
    return [1.0 if j == label else 0.0 for j in range(classes)]


def capped(u: mpf, softcap: float | None) -> mpf:
    """Return softcap·tanh(u/softcap); −∞ is a mask and stays."""
    if softcap is None or not mp.isfinite(u):
        return u
    return mpf(softcap) * mp.tanh(u / mpf(softcap))


def row(
    scores: Sequence[float],
    targets: Sequence[float],
    *,
    class_weights: Sequence[float] | None = None,
    **options: float | None,
) -> Row:
    """Return contract §1's sums for one row of finite scores or masks.

    The last rows are kept: every transport is held to the same ones.
    """
    weights = None if class_weights is None else tuple(class_weights)
    return _row(tuple(scores), tuple(targets), weights, **options)


@lru_cache(KEPT_ROWS)
def _row(
    scores: Sequence[float],
    targets: Sequence[float],
    class_weights: Sequence[float] | None,
    *,
    sample_weight: float = 1.0,
    label_smoothing: float = 0.0,
    temperature: float = 1.0,
    softcap: float | None = None,
    z_loss: float = 0.0,
) -> Row:
    # Scores that differ by 1 beside 1e308 need the digits between the two as well.
    largest = np.abs(scores).max(where=np.isfinite(scores), initial=0)
    with mp.workdps(DIGITS + 2 * int(np.log10(1 + largest))):
        a, eps, tau = mpf(sample_weight), mpf(label_smoothing), mpf(temperature)
        s, t, c, counts, which = _distinct(scores, targets, class_weights)
        groups = range(len(s))
        u = [each / tau for each in s]
        live = {g for g in groups if mp.isfinite(u[g])}
        z = [capped(each, softcap) for each in u]
        partition = mp.fsum(counts[g] * mp.exp(z[g]) for g in live)
        lse = mp.log(partition)
        p = [mp.exp(z[g]) / partition if g in live else mpf(0) for g in groups]
        share = eps / sum(counts[g] for g in live)
        q = [a * c[g] * ((1 - eps) * t[g] + (share if g in live else 0)) for g in groups]
        pull = mp.fsum(counts[g] * q[g] for g in groups) + 2 * mpf(z_loss) * a * lse
        slope = [_slope(u[g], softcap) / tau if g in live else mpf(0) for g in groups]
        gradient = [(pull * p[g] - q[g]) * slope[g] for g in groups]
        return Row(
            loss=mp.fsum(counts[g] * q[g] * (lse - z[g]) for g in live),
            dscores=[gradient[g] for g in which],
            z_term=mpf(z_loss) * a * lse**2,
            log_partition=lse,
            probs=[p[g] for g in which],
            pull=pull,
            mass=[q[g] for g in which],
            slope=[slope[g] for g in which],
            spread=float(max(z[g] for g in live) - min(z[g] for g in live)),
            factor=abs(pull) + max(map(abs, q)),
        )


def _distinct(
    scores: Sequence[float], targets: Sequence[float], class_weights: Sequence[float] | None
) -> tuple[list[mpf], list[mpf], list[mpf], list[int], list[int]]:
    """Return s, t and c of classes that differ, how many are like each, and each class's place.

    A row of 100,000 classes that hold few different numbers is then as quick as a short one.
    """
    weights = np.ones(len(scores)) if class_weights is None else class_weights
    columns = [np.asarray(each, np.float64) for each in (scores, targets, weights)]
    kind = np.zeros(len(scores), int)
    for column in columns:
        values, place = np.unique(column, return_inverse=True)
        kind = kind * len(values) + place
    _, first, which, counts = np.unique(
        kind, return_index=True, return_inverse=True, return_counts=True
    )
    s, t, c = ([mpf(x) for x in column[first].tolist()] for column in columns)
    return s, t, c, counts.tolist(), which.tolist()


def _slope(u: mpf, softcap: float | None) -> mpf:
    """Return the slope of the softcap."""
    return mpf(1) if softcap is None else mp.sech(u / mpf(softcap)) ** 2


def bound(spread: float, dtype: Any) -> float:
    """Return contract §5's (r + 8)·unit for rows of `dtype`."""
    return (spread + 8) * EPSILON[np.dtype(dtype).name]


def in_bounds(
    actual: float, true: mpf, scale: mpf, of: Row, dtype: Any, factor: mpf | float = 0
) -> float:
    """Return the error in units of the bound, which is absolute below the smallest normal.

    It is also absolute for exponentials below the least, times their factor.
    """
    allowed = mpf(bound(of.spread, dtype)) * max(scale, mpf(smallest_normal(dtype)))
    allowed += mpf(LEAST_EXPONENTIAL[np.dtype(dtype).name]) * factor
    return float(abs(mpf(float(actual)) - true) / allowed)


def smallest_normal(dtype: Any) -> float:
    return float(np.finfo(dtype).smallest_normal)


def assert_relative(actual: float, exact: mpf, tolerance: float, floor: float) -> None:
    """Hold `actual` to `tolerance` relative of `exact`, absolute below `floor`."""
    error = abs(mpf(float(actual)) - exact)
    allowed = mpf(tolerance) * max(abs(exact), mpf(floor))
    assert error <= allowed, (
        f"{actual!r} is not {mp.nstr(exact, 20)}: {float(error / allowed)} × off"
    )


def assert_absolute(actual: float, exact: mpf, allowed: mpf | float) -> None:
    error = abs(mpf(float(actual)) - exact)
    assert error <= allowed, f"{actual!r} is not {mp.nstr(exact, 20)}: off by {mp.nstr(error, 5)}"


def assert_digits(actual: float, printed: str, tolerance: float = 0.0) -> None:
    """Hold `actual` to the digits printed, or to `tolerance` relative where that is wider."""
    exact = mpf(printed)
    mantissa = printed.lower().split("e")[0].lstrip("+-")
    decimals = len(mantissa.partition(".")[2])
    exponent = int(printed.lower().partition("e")[2] or 0)
    unit = mpf(10) ** (exponent - decimals)
    assert_absolute(actual, exact, max(unit, abs(exact) * mpf(tolerance)))
