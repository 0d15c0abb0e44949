"""Rows on which libraries lose digits, each for a reason of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from integrations.drawing import Problem

MASK = -np.inf


@dataclass(frozen=True)
class Case:
    """One row of scores, told in a few words, of which the mean over `rows` copies is asked."""

    told: str
    scores: list[float]
    label: int = 0
    entry: int = 0
    """The class whose gradient is shown."""
    targets: list[float] | None = None
    """Instead of the label."""
    options: dict[str, Any] = field(default_factory=dict)
    rows: int = 1

    def problem(self, dtype: str) -> Problem:
        """Return what is asked, scores in `dtype`."""
        scores = np.tile(np.array(self.scores, dtype), (self.rows, 1))
        if self.targets is not None:
            return {"scores": scores, "targets": np.array([self.targets], dtype)} | self.options
        return {"scores": scores, "labels": np.full(self.rows, self.label)} | self.options


def confident(gap: int) -> Case:
    return Case(f"`[{gap}, 0]`", [gap, 0])


ZERO_AT_THE_MASK = Case(
    "`[2, 1, −∞]`, targets `[0.9, 0.1, 0]`", [2, 1, MASK], targets=[0.9, 0.1, 0]
)
SMOOTHED_MASK = Case(
    "`[2, 1, −∞]`, label smoothing 0.1", [2, 1, MASK], options={"label_smoothing": 0.1}
)

CASES: dict[str, list[Case]] = {
    "float32": [
        confident(10),
        confident(17),
        confident(40),
        confident(88),
        confident(104),
        Case("`[1e8 + 8, 1e8]`", [1e8 + 8, 1e8]),
        Case("`[3e38, 3e38]`", [3e38, 3e38]),
        Case("`[3e38, −3e38, 0]`, label 1", [3e38, -3e38, 0], label=1, entry=1),
        ZERO_AT_THE_MASK,
        SMOOTHED_MASK,
        Case("`[300, 0]`, label 1, softcap 30", [300, 0], label=1, options={"softcap": 30.0}),
    ],
    "float64": [
        confident(17),
        confident(30),
        confident(40),
        confident(88),
        confident(104),
        confident(700),
        Case("`[1e16 + 8, 1e16]`", [1e16 + 8, 1e16]),
        Case("`[1e300, 1e300]`", [1e300, 1e300]),
        ZERO_AT_THE_MASK,
        SMOOTHED_MASK,
        Case("`[600, 0]`, label 1, softcap 30", [600, 0], label=1, options={"softcap": 30.0}),
    ],
    "float16": [Case("`[2, 0]`, 70,000 times", [2, 0], rows=70_000)],
}
"""By the dtype of the scores; label 0 and its gradient where nothing else is told."""
