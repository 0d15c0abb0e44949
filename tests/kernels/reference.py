"""One row of the softmax loss at 400 digits, and errors counted in contract §5's bound.

Written from the formulas with z itself, without T and without differences, so that
it shares no trick with the kernels: 400 digits pay for p − 1 at p = 1 − e^{−745}.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from mpmath import mp, mpf

UNIT = {np.dtype(np.float32): mpf("6e-8"), np.dtype(np.float64): mpf("1.2e-16")}
DIGITS = 400


@dataclass(frozen=True)
class Exact:
    """A row's loss and dScores with their scales, and the bound's r."""

    loss: mpf
    dscores: list[mpf]
    loss_scale: mpf
    scales: list[mpf]
    spread: mpf


def one_hot(label: int, classes: int) -> list[float]:
    return [float(j == label) for j in range(classes)]


def exact_row(
    scores: Sequence[float],
    targets: Sequence[float],
    *,
    smoothing: float = 0.0,
    temperature: float = 1.0,
    softcap: float | None = None,
    z_loss: float = 0.0,
) -> Exact:
    """Return the exact answer for one row with a_i = c_j = D' = 1.

    Relative scales for one-hot targets alone, the contract's absolute ones otherwise.
    """
    # Scores that differ by 1 beside 1e308 need the digits between the two as well.
    with mp.workdps(DIGITS + 2 * int(np.log10(1 + np.abs(_finite(scores)).max()))):
        u = [mpf(s) / mpf(temperature) for s in scores]
        z = u if softcap is None else [_capped(v, mpf(softcap)) for v in u]
        live = [j for j, s in enumerate(scores) if s > -np.inf]
        top = max(z[j] for j in live)
        factors = [mp.exp(z[j] - top) if j in set(live) else mpf(0) for j in range(len(z))]
        total = mp.fsum(factors)
        lse = top + mp.log(total)
        q = [
            (1 - mpf(smoothing)) * mpf(t) + (mpf(smoothing) / len(live) if j in set(live) else 0)
            for j, t in enumerate(targets)
        ]
        pull = mp.fsum(q) + 2 * mpf(z_loss) * lse
        slopes = [mpf(1) if softcap is None else mp.sech(v / mpf(softcap)) ** 2 for v in u]
        p = [factor / total for factor in factors]
        loss = mp.fsum(q[j] * (lse - z[j]) for j in live)
        dz = [pull * p[j] - q[j] for j in range(len(z))]
        is_hard = smoothing == z_loss == 0 and sorted(targets)[-1] == sum(targets) == 1
        parts = [abs(d) if is_hard else abs(pull) * p[j] + q[j] for j, d in enumerate(dz)]
        to_scores = [slope / mpf(temperature) for slope in slopes]
        return Exact(
            loss,
            [d * s for d, s in zip(dz, to_scores, strict=True)],
            abs(loss),
            [part * s for part, s in zip(parts, to_scores, strict=True)],
            top - min(z[j] for j in live),
        )


def _finite(scores: Sequence[float]) -> np.ndarray:
    return np.array([s for s in scores if np.isfinite(s)])


def _capped(u: mpf, cap: mpf) -> mpf:
    return cap * mp.tanh(u / cap) if mp.isfinite(u) else u


def in_bounds(
    actual: float, exact: mpf, scale: mpf, spread: mpf, dtype: np.dtype[np.floating]
) -> float:
    """Return the error in units of the bound, which is absolute below the smallest normal."""
    floor = mpf(float(np.finfo(dtype).smallest_normal))
    allowed = (spread + 8) * UNIT[dtype] * max(scale, floor)
    return float(abs(mpf(float(actual)) - exact) / allowed)
