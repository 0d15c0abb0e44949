"""The contract's general form of the softmax loss at 400 digits, one row at a time.

An independent code: it shares nothing with the service but the formulas, and
subtracts no maximum, since nothing overflows here. With so many digits even p − 1
keeps all of float64's, down to the smallest number that it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp, mpf

DIGITS = 400
mp.dps = DIGITS

EPSILON = {"float64": 1.2e-16, "float32": 6e-8}
"""The unit of contract §5's bound, (r + 8)·unit."""


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

    def scale(self, floor: float) -> list[mpf]:
        """Return |Q + 2αa·lse|·p + q of each entry, p at least `floor`: the bound's scale."""
        return [
            (abs(self.pull) * max(p, mpf(floor)) + abs(q)) * slope
            for p, q, slope in zip(self.probs, self.mass, self.slope, strict=True)
        ]


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
    sample_weight: float = 1.0,
    class_weights: Sequence[float] | None = None,
    label_smoothing: float = 0.0,
    temperature: float = 1.0,
    softcap: float | None = None,
    z_loss: float = 0.0,
) -> Row:
    """Return contract §1's sums for one row of finite scores or masks."""
    # Scores that differ by 1 beside 1e308 need the digits between the two as well.
    largest = max(abs(s) for s in scores if np.isfinite(s))
    with mp.workdps(DIGITS + 2 * int(np.log10(1 + largest))):
        a, eps, tau = mpf(sample_weight), mpf(label_smoothing), mpf(temperature)
        c = [mpf(w) for w in class_weights or [1.0] * len(scores)]
        u = [mpf(float(s)) / tau for s in scores]
        live = [j for j in range(len(u)) if mp.isfinite(u[j])]
        z = [
            u[j] if softcap is None or j not in live else capped(u[j], softcap)
            for j in range(len(u))
        ]
        partition = mp.fsum(mp.exp(z[j]) for j in live)
        lse = mp.log(partition)
        p = [mp.exp(z[j]) / partition if j in live else mpf(0) for j in range(len(z))]
        q = [
            a * c[j] * ((1 - eps) * mpf(float(targets[j])) + (eps / len(live) if j in live else 0))
            for j in range(len(z))
        ]
        pull = mp.fsum(q) + 2 * mpf(z_loss) * a * lse
        slope = [
            (mpf(1) if softcap is None else mp.sech(u[j] / mpf(softcap)) ** 2) / tau
            if j in live
            else mpf(0)
            for j in range(len(z))
        ]
        values = [z[j] for j in live]
        return Row(
            loss=mp.fsum(q[j] * (lse - z[j]) for j in live),
            dscores=[(pull * p[j] - q[j]) * slope[j] for j in range(len(z))],
            z_term=mpf(z_loss) * a * lse**2,
            log_partition=lse,
            probs=p,
            pull=pull,
            mass=q,
            slope=slope,
            spread=float(max(values) - min(values)),
        )


def bound(spread: float, dtype: Any) -> float:
    """Return contract §5's (r + 8)·unit for rows of `dtype`."""
    return (spread + 8) * EPSILON[np.dtype(dtype).name]


def in_bounds(actual: float, true: mpf, scale: mpf, of: Row, dtype: Any) -> float:
    """Return the error in units of the bound, which is absolute below the smallest normal."""
    allowed = mpf(bound(of.spread, dtype)) * max(scale, mpf(smallest_normal(dtype)))
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
