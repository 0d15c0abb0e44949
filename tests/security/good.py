"""A good call, in the form of each endpoint, and what its loss is."""

from __future__ import annotations

import numpy as np

from tests.security.rows import everywhere

SCORES = np.array([[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]])
LABELS = np.array([2, 0])
CALL = {"scores": SCORES, "labels": LABELS}

SENT = everywhere(CALL, "").sent
"""By endpoint."""

LOSS = float(np.mean(np.log(np.exp(SCORES).sum(axis=1)) - SCORES[[0, 1], LABELS]))
