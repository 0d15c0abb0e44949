"""Central differences of fourth order in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

STEP = 1e-3
STENCIL = ((-2, 1), (-1, -8), (1, 8), (2, -1))
"""f'(x) ≈ Σ weight·f(x + offset·h) / 12h, with an error of h⁴·f⁽⁵⁾/30."""


def gradient(
    loss: Callable[[np.ndarray], float], at: np.ndarray, movable: np.ndarray
) -> np.ndarray:
    """Return ∂loss/∂at, entry by entry; 0 where an entry is not movable."""
    result = np.zeros_like(at)
    for index in zip(*np.nonzero(movable), strict=True):
        result[index] = _slope(loss, at, index)
    return result


def _slope(loss: Callable[[np.ndarray], float], at: np.ndarray, index: Any) -> float:
    total = 0.0
    for offset, weight in STENCIL:
        moved = at.copy()
        moved[index] += offset * STEP
        total += weight * loss(moved)
    return total / (12 * STEP)
