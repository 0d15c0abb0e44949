"""Numbers that mean nothing where they stand."""

from __future__ import annotations

import numpy as np

from tests.security.good import CALL, LABELS, SCORES
from tests.security.rows import Row, as_tensors, everywhere

F32 = np.float32
MAX = np.finfo(np.float64).max
TARGETS = {"scores": SCORES, "targets": np.full((2, 3), 1 / 3)}
HIDDEN = {"h1": np.ones((2, 2)), "w2": np.ones((2, 3)), "b2": np.zeros(3), "labels": LABELS}
LAYERS = {
    "x": np.ones((2, 2)),
    "w1": np.ones((2, 2)),
    "b1": np.zeros(2),
    "w2": np.ones((2, 3)),
    "labels": LABELS,
}
WEIGHED = CALL | {"class_weights": np.ones(3), "sample_weights": np.ones(2)}
HOLDERS = {
    "scores": CALL,
    "targets": TARGETS,
    "h1": HIDDEN,
    "w2": HIDDEN,
    "b2": HIDDEN,
    "x": LAYERS,
    "w1": LAYERS,
    "b1": LAYERS,
    "class_weights": WEIGHED,
    "sample_weights": WEIGHED,
}
NONFINITE = {"NaN": np.nan, "infinity": np.inf}

BAD_OPTIONS = {
    "label_smoothing": [-0.1, 1.0000001, np.nan],
    "temperature": [0.0, -0.0, -1.0, 1e-200, np.inf],
    "softcap": [0.0, -30.0, 1e200, np.nan],
    "z_loss": [-1e-300, np.inf],
    "margin": [-1.0, np.nan],
    "reg": [-1e-12, np.inf],
    "denominator": [0.0, 1e-300, np.nan, -np.inf],
}


def changed(array, at, value):
    copy = np.array(array)
    copy[at] = value
    return copy


def spoiled(field, value):
    """The last entry of an input replaced; what is computed of it may be what is told."""
    holder = HOLDERS[field]
    return everywhere(holder | {field: changed(holder[field], -1, value)}, field)


def label(value, **options):
    return everywhere(CALL | {"labels": changed(LABELS, 1, value)} | options, "labels")


ROWS: dict[str, Row] = {
    "the label C": label(3),
    "the label −1": label(-1),
    "the label −100": label(-100),
    "the label −100 beside another ignore_index": label(-100, ignore_index=-1),
    "the least label": label(-(2**63)),
    "the largest label": label(2**63 - 1),
    "a label of −1 in a byte": as_tensors(
        CALL | {"labels": changed(LABELS, 1, -1).astype(np.int8)}, "labels"
    ),
    **{
        f"{word} in {field}": spoiled(field, value)
        for field in HOLDERS
        for word, value in NONFINITE.items()
    },
    **{
        f"minus infinity in {field}": spoiled(field, -np.inf)
        for field in ("targets", "h1", "w2", "x", "w1", "class_weights", "sample_weights")
    },
    "a row of NaN": everywhere(CALL | {"scores": changed(SCORES, 0, np.nan)}, "scores"),
    "−∞ on the label": everywhere(CALL | {"scores": changed(SCORES, (0, 2), -np.inf)}, "scores"),
    "a row of −∞": everywhere(CALL | {"scores": changed(SCORES, 1, -np.inf)}, "scores"),
    "a negative target": everywhere(
        TARGETS | {"targets": changed(TARGETS["targets"], (1, 2), -1e-30)}, "targets"
    ),
    "a target on a mask": everywhere(
        TARGETS | {"scores": changed(SCORES, (1, 2), -np.inf)}, "targets"
    ),
    "h1·w2 that overflows": everywhere(
        HIDDEN | {"h1": np.full((2, 2), 1e200), "w2": np.full((2, 3), 1e200)}, "scores"
    ),
    "h1·w2 that overflows downwards": everywhere(
        HIDDEN | {"h1": np.full((2, 2), 1e200), "w2": np.full((2, 3), -1e200)}, "scores"
    ),
    "h1·w2 that overflows float32": as_tensors(
        {
            "h1": np.full((2, 1), 1e30, F32),
            "w2": np.full((1, 3), 1e30, F32),
            "labels": LABELS,
        },
        "scores",
    ),
    "a bias that overflows": everywhere(
        HIDDEN | {"h1": np.full((2, 2), MAX / 4), "b2": np.full(3, MAX)}, "scores"
    ),
    "x·w1 that overflows": everywhere(
        LAYERS | {"x": np.full((2, 2), 1e200), "w1": np.full((2, 2), 1e200)}, "h1"
    ),
    "weights that are all 0, where that is an error": everywhere(
        WEIGHED | {"sample_weights": np.zeros(2), "empty_mean": "error"}, "empty_mean"
    ),
    "no row that counts, where that is an error": everywhere(
        CALL | {"ignore_index": 0, "labels": np.zeros(2, int), "empty_mean": "error"}, "empty_mean"
    ),
    **{
        f"{name} {value}": everywhere(HIDDEN | {name: value}, name)
        for name, values in BAD_OPTIONS.items()
        for value in values
    },
    "smoothing of the hinge": everywhere(
        CALL | {"loss": "hinge", "label_smoothing": 0.1}, "label_smoothing"
    ),
    "ignore_index of targets": everywhere(TARGETS | {"ignore_index": 0}, "ignore_index"),
    "a denominator of a sum": everywhere(
        CALL | {"reduction": "sum", "denominator": 2.0}, "denominator"
    ),
    "reg without weights": everywhere(CALL | {"reg": 0.5}, "reg"),
}
