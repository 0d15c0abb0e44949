"""The exact answers, at hundreds of digits, and how far from them is still right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from mpmath import mpf

from integrations.accuracy.cases import Case
from tests import exact

HALF = 2.0**-11
"""One rounding to float16, which is computed in float32."""


@dataclass(frozen=True)
class Truth:
    """An exact number, and the errors that docs/semantics.md allows."""

    value: mpf
    relative: float
    absolute: float
    """What it comes to at the dtype's smallest normal number, below which no digit is promised."""


def truths(case: Case, dtype: str) -> tuple[Truth, Truth]:
    """Return the truth about the mean loss and about the entry of dScores that is shown."""
    problem = case.problem(dtype)
    scores = problem["scores"][0].tolist()
    targets = exact.one_hot(case.label, len(scores))
    if case.targets is not None:
        targets = problem["targets"][0].tolist()
    row = exact.row(scores, targets, **case.options)
    relative = bound(row, dtype)
    absolute = relative * exact.smallest_normal(dtype)
    gradient = row.dscores[case.entry] / case.rows
    return Truth(row.loss, relative, absolute), Truth(gradient, relative, absolute)


def bound(row: exact.Row, dtype: str) -> float:
    if dtype == "float16":
        return exact.bound(row.spread, np.float32) + HALF
    return exact.bound(row.spread, dtype)
