"""Small problems that the behaviour tests share."""

from __future__ import annotations

from typing import Any

import numpy as np

Arguments = dict[str, Any]

FORMS = ("scores", "h1", "x")
"""The three input forms of the contract."""

SUMS = {"scores": [], "h1": ["dw2", "db2"], "x": ["dw2", "db2", "dw1", "db1"]}
"""The gradients of each form that are sums over rows."""

ROWS = {"scores": ["dscores"], "h1": ["dscores", "dh1"], "x": ["dscores", "dh1", "dx"]}
"""The gradients of each form that have a row for each row."""


def inputs(
    form: str,
    *,
    seed: int = 0,
    rows: int = 5,
    classes: int = 4,
    hidden: int = 3,
    width: int = 2,
    dtype: Any = np.float64,
    with_biases: bool = True,
) -> Arguments:
    """Return random inputs of one form, without labels."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(dtype)

    if form == "scores":
        return {"scores": 2 * draw(rows, classes)}
    output = {"w2": draw(hidden, classes), "b2": draw(classes)}
    first = {"h1": draw(rows, hidden)}
    if form == "x":
        first = {"x": draw(rows, width), "w1": draw(width, hidden), "b1": draw(hidden)}
    kept = first | output
    return kept if with_biases else {k: v for k, v in kept.items() if not k.startswith("b")}


def labels(rows: int = 5, classes: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed + 1).integers(0, classes, rows)


def labelled(
    form: str, *, seed: int = 0, rows: int = 5, classes: int = 4, **more: Any
) -> Arguments:
    """Return random inputs of one form with labels."""
    problem = inputs(form, seed=seed, rows=rows, classes=classes, **more)
    return problem | {"labels": labels(rows, classes, seed)}


def gradients_of(form: str) -> list[str]:
    """Return every gradient that a problem of this form with labels has."""
    return [*ROWS[form], *SUMS[form]]


def bits(array: np.ndarray) -> tuple[Any, ...]:
    """Return all that two equal answers have in common."""
    return array.dtype, array.shape, array.tobytes()
