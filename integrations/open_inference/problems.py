"""What is asked for by every client: inputs, parameters, and outputs by name."""

from __future__ import annotations

import numpy as np

RNG = np.random.default_rng(0)

SCORES = {
    "scores": RNG.standard_normal((64, 10), np.float32),
    "labels": RNG.integers(10, size=64),
}
LAYER = {
    "h1": RNG.standard_normal((64, 20), np.float32),
    "w2": RNG.standard_normal((20, 10), np.float32),
    "b2": RNG.standard_normal(10, np.float32),
    "labels": RNG.integers(10, size=64).astype(np.int32),
}
WEIGHED = {**SCORES, "class_weights": np.linspace(0.5, 2, 10), "sample_weights": np.ones(64)}
HALVES = {"scores": SCORES["scores"].astype(np.float16), "labels": SCORES["labels"]}
LARGE = {
    "scores": RNG.standard_normal((1024, 2000), np.float32),
    "labels": RNG.integers(2000, size=1024).astype(np.uint16),
}
NO_ROWS = {"scores": np.zeros((0, 10), np.float32), "labels": np.zeros(0, np.int64)}

PROBLEMS = {
    "scores": ("softmax_loss", SCORES, {}, ["loss", "dscores"]),
    "a layer": ("linear_softmax_loss", LAYER, {"reg": 0.1}, ["dw2", "db2", "dh1", "loss"]),
    "weights": (
        "softmax_loss",
        WEIGHED,
        {"label_smoothing": 0.1, "reduction": "sum", "ignore_index": 3},
        ["loss", "row_losses", "probs", "predictions", "accuracy", "n_ignored"],
    ),
    "halves": ("softmax_loss", HALVES, {"gradient_dtype": "f32"}, ["dscores"]),
    "large": ("softmax_loss", LARGE, {}, ["loss", "dscores"]),
    "no rows": ("softmax_loss", NO_ROWS, {"empty_mean": "nan"}, ["loss", "dscores"]),
}
