"""Calls that are refused, by what is wrong with them: arguments, field, words of the text."""

from __future__ import annotations

import numpy as np

from tests.behaviour import problems

HEALTHY = {"scores": [[0.0, 0.0]], "labels": [1]}
SCORES = problems.inputs("scores", rows=4, classes=3, seed=40)["scores"]
LABELS = np.array([0, 1, 2, 0])
ROWS = {"scores": SCORES, "labels": LABELS}
HIDDEN = problems.labelled("h1", rows=4, classes=3, hidden=2, seed=41)
TWO_LAYERS = problems.labelled("x", rows=4, classes=3, hidden=2, width=5, seed=42)
TARGETS = np.full((4, 3), 1 / 3)


def without(problem, *names):
    return {name: value for name, value in problem.items() if name not in names}


def changed(array, at, value):
    copy = np.array(array)
    copy[at] = value
    return copy


PRESENCE = {
    "both labels and targets": (ROWS | {"targets": TARGETS}, "targets", ["labels"]),
    "neither labels nor targets": ({"scores": SCORES}, "labels", ["missing", "targets"]),
    "x and h1": (TWO_LAYERS | {"h1": HIDDEN["h1"]}, "x", ["h1"]),
    "nothing but labels": ({"labels": LABELS}, "scores", ["missing", "h1", "x"]),
    "h1 without w2": (without(HIDDEN, "w2", "b2"), "w2", ["missing"]),
    "x without w2": (without(TWO_LAYERS, "w2", "b2"), "w2", ["missing"]),
    "x without w1": (without(TWO_LAYERS, "w1", "b1"), "w1", ["missing", "x"]),
    "w1 without x": (without(TWO_LAYERS, "x") | {"h1": HIDDEN["h1"]}, "x", ["missing", "w1"]),
    "b1 without w1": (HIDDEN | {"b1": np.zeros(2)}, "w1", ["missing", "b1"]),
    "b2 without w2": (ROWS | {"b2": np.zeros(3)}, "w2", ["missing", "b2"]),
    "dw2 without h1 or x": (ROWS | {"want": ["dw2"]}, "want", ["dw2", "h1", "x"]),
    "dh1 without w2": (ROWS | {"want": ["dh1"]}, "want", ["dh1", "w2"]),
    "dw1 without x": (HIDDEN | {"want": ["dw1"]}, "want", ["dw1", "x"]),
    "db1 without x": (HIDDEN | {"want": ["db1"]}, "want", ["db1", "x"]),
    "dx without x": (HIDDEN | {"want": ["dx"]}, "want", ["dx", "x"]),
    "dtargets of labels": (ROWS | {"want": ["dtargets"]}, "want", ["dtargets", "targets"]),
    "accuracy of targets": (
        {"scores": SCORES, "targets": TARGETS, "want": ["accuracy"]},
        "want",
        ["accuracy", "labels"],
    ),
    "reg without weights": (ROWS | {"reg": 0.1}, "reg", ["w2"]),
    "denominator of a sum": (ROWS | {"denominator": 2, "reduction": "sum"}, "denominator", ["sum"]),
    "ignore_index of targets": (
        {"scores": SCORES, "targets": TARGETS, "ignore_index": 1},
        "ignore_index",
        ["labels"],
    ),
    "hinge of targets": (
        {"scores": SCORES, "targets": TARGETS, "loss": "hinge"},
        "targets",
        ["softmax"],
    ),
    "hinge with smoothing": (
        ROWS | {"loss": "hinge", "label_smoothing": 0.1},
        "label_smoothing",
        [],
    ),
    "hinge with z_loss": (ROWS | {"loss": "hinge", "z_loss": 0.1}, "z_loss", []),
    "hinge with softcap": (ROWS | {"loss": "hinge", "softcap": 9}, "softcap", []),
    "hinge with temperature": (ROWS | {"loss": "hinge", "temperature": 2}, "temperature", []),
    "margin of softmax": (ROWS | {"margin": 2}, "margin", ["hinge"]),
}

LENGTHS = {
    "labels": (ROWS | {"labels": LABELS[:3]}, [3, 4]),
    "targets": ({"scores": SCORES, "targets": np.ones((4, 2))}, [2, 3]),
    "sample_weights": (ROWS | {"sample_weights": np.ones(5)}, [5, 4]),
    "class_weights": (ROWS | {"class_weights": np.ones(2)}, [2, 3]),
    "w2": (HIDDEN | {"w2": np.ones((7, 3))}, [7, 2]),
    "b2": (HIDDEN | {"b2": np.ones(9)}, [9, 3]),
    "w1": (TWO_LAYERS | {"w1": np.ones((6, 2))}, [6, 5]),
    "b1": (TWO_LAYERS | {"b1": np.ones(8)}, [8, 2]),
    "h1": (ROWS | {"h1": np.ones((11, 2))}, [11, 4]),
}


def length_cases():
    """Return LENGTHS in the form of the other tables, by a case's name."""
    return {
        f"length of {field}": (arguments, field, numbers)
        for field, (arguments, numbers) in LENGTHS.items()
    }
