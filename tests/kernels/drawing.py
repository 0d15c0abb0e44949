"""Rows of every regime, drawn at random."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

SPREADS = [0.0, 1e-6, 0.1, 1.0, 5.0, 17.0, 40.0, 88.0, 104.0]
OFFSETS = [0.0, -1.5, 100.0, -7e4, 1e8]


@st.composite
def batches(draw, max_classes=8):
    """Draw rows of one regime, with labels at the maximum, at the minimum or anywhere."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows, classes = draw(st.integers(1, 3)), draw(st.integers(1, max_classes))
    scores = draw(st.sampled_from(SPREADS)) * rng.normal(size=(rows, classes))
    scores += draw(st.sampled_from(OFFSETS))
    if classes > 2 and draw(st.booleans()):
        scores[:, rng.integers(classes)] = -np.inf if draw(st.booleans()) else scores[:, 0]
    allowed = np.where(np.isinf(scores), np.nan, scores)
    labels = draw(
        st.sampled_from(
            [
                np.nanargmax(allowed, axis=1),
                np.nanargmin(allowed, axis=1),
                np.isinf(scores).argmin(1),
            ]
        )
    )
    return scores, labels
