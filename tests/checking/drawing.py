"""Random problems over all options."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.behaviour.problems import FORMS, inputs, labels
from tests.checking.student import Net


def problem(seed: int) -> Net:
    """Return a random problem in float64, of any form, with any options that go together."""
    rng = np.random.default_rng(seed)
    rows, classes, hidden, width = (int(rng.integers(1, 7)) for _ in range(4))
    form = FORMS[seed % 3]
    drawn = inputs(form, seed=seed, rows=rows, classes=classes, hidden=hidden, width=width)
    if form == "scores":
        drawn["scores"] *= rng.choice([0.1, 1.0, 10.0])
    elif rng.random() < 0.5:
        drawn["reg"] = float(rng.choice([1e-4, 0.1, 3.0]))
        drawn["reg_convention"] = str(rng.choice(["half", "full"]))
    options = _hinge(rng) if rng.random() < 0.25 else _softmax(rng)
    drawn |= options | _weights(rng, rows, classes) | _reduction(rng)
    if options.get("loss") == "hinge" or rng.random() < 0.6:
        return drawn | _labels(rng, rows, classes, seed)
    return drawn | {"targets": rng.dirichlet(np.ones(classes), rows)}


def _hinge(rng: np.random.Generator) -> Net:
    return {"loss": "hinge", "margin": float(rng.choice([0.5, 1.0, 2.0]))}


def _softmax(rng: np.random.Generator) -> Net:
    choices: Net = {
        "label_smoothing": 0.1,
        "temperature": float(rng.choice([0.5, 3.0])),
        "softcap": 5.0,
        "z_loss": 0.01,
    }
    return {name: value for name, value in choices.items() if rng.random() < 0.3}


def _weights(rng: np.random.Generator, rows: int, classes: int) -> Net:
    drawn: Net = {}
    if rng.random() < 0.3:
        drawn["class_weights"] = rng.uniform(0.2, 2, classes)
    if rng.random() < 0.3:
        drawn["sample_weights"] = rng.choice([0.0, 0.5, 1.5], rows)
    return drawn


def _reduction(rng: np.random.Generator) -> Net:
    drawn: list[dict[str, Any]] = [{}, {}, {"reduction": "sum"}, {"denominator": 12.0}]
    return drawn[rng.integers(len(drawn))]


def _labels(rng: np.random.Generator, rows: int, classes: int, seed: int) -> Net:
    drawn = {"labels": labels(rows, classes, seed)}
    if rng.random() < 0.3:
        drawn["labels"][0] = -1
        return drawn | {"ignore_index": -1}
    return drawn
