"""Plain NumPy, as the derivations have it, with the shift by the maximum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def softmax_loss(
    scores: NDArray[np.floating], labels: NDArray[np.integer]
) -> tuple[float, NDArray[np.floating]]:
    """Return L and dScores."""
    rows = np.arange(len(labels))
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    loss = -np.log(softmax[rows, labels]).mean()
    softmax[rows, labels] -= 1
    return float(loss), softmax / len(labels)
