"""Published constants, each with its source; held to the digits printed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """Rows of scores with exact answers, computed at 700 digits and printed to 20."""

    name: str
    scores: list[list[float]]
    labels: list[Any]
    loss: list[str]
    mean: str
    lse: list[str]
    dscores_sum: list[list[str]]
    source: str

    @property
    def has_labels(self) -> bool:
        return all(isinstance(label, int) for label in self.labels)

    @property
    def is_exact_in_f32(self) -> bool:
        values = [*self.scores, *(row for row in self.labels if not isinstance(row, int))]
        return all(float(np.float32(v)) == v for row in values for v in row)

    def arguments(self, dtype: type[np.floating]) -> Arrays:
        scores = np.array(self.scores, dtype)
        if self.has_labels:
            return {"scores": scores, "labels": np.array(self.labels)}
        classes = len(self.scores[0])
        rows = [np.eye(classes)[row] if isinstance(row, int) else row for row in self.labels]
        return {"scores": scores, "targets": np.array(rows, dtype)}


def entries() -> list[Entry]:
    text = Path(__file__).with_name("softmax.json").read_text()
    return [Entry(**entry) for entry in json.loads(text)]


def toy_net() -> Arrays:
    """CS231n's toy two-layer net, on which the first derivation is tried."""
    weights, inputs = np.random.RandomState(0), np.random.RandomState(1)
    w1 = 1e-1 * weights.randn(4, 10)
    w2 = 1e-1 * weights.randn(10, 3)
    return {
        "x": 10 * inputs.randn(5, 4),
        "w1": w1,
        "b1": np.zeros(10),
        "w2": w2,
        "b2": np.zeros(3),
        "labels": np.array([0, 1, 2, 2, 1]),
    }


TOY_FIRST_SCORES = ("-0.81233741", "-1.27654624", "-0.70335995")
TOY_DATA_LOSS = "1.2658570521180532"
TOY_LOSS = "1.3037878913298202"
TOY_PENALTIES = ((0.1, "half"), (0.05, "full"))
TOY_DB2 = ("0.2099690981", "-0.1431904992", "-0.0667785988")


def fully_connected_net() -> Arrays:
    """CS231n's fully connected net, whose losses its notebook prints."""
    return {
        "x": np.linspace(-5.5, 4.5, 15).reshape(5, 3).T,
        "w1": np.linspace(-0.7, 0.3, 250).reshape(5, 50),
        "b1": np.linspace(-0.1, 0.9, 50),
        "w2": np.linspace(-0.3, 0.4, 350).reshape(50, 7),
        "b2": np.linspace(-0.9, 0.1, 7),
        "labels": np.array([0, 5, 1]),
    }


FULLY_CONNECTED_LOSS = {0.0: "3.4702243555953927", 1.0: "26.594842695238583"}

NOTES_SCORES = ((-2.85, 0.86, 0.28), 2)
NOTES_HINGE = "1.58"
NOTES_SOFTMAX = "1.0401905694301083"

SLIDES_SCORES = ((3.2, 5.1, -1.7), (1.3, 4.9, 2.0), (2.2, 2.5, -3.1))
SLIDES_LABELS = (0, 1, 2)
SLIDES_HINGE = ("2.9", "0", "12.9")

COMBINED: Arrays = {
    "scores": [[2, -1, 0.5], [0, 3, -2]],
    "labels": [0, 2],
    "temperature": 2,
    "softcap": 30,
    "label_smoothing": 0.1,
    "z_loss": 1e-4,
}
COMBINED_LOSS = "1.6260575964539885"
COMBINED_DSCORES = (
    ("-0.08576659233941908", "0.024578865607189228", "0.06134835784469068"),
    ("0.03445987191654078", "0.18275589297982525", "-0.2173431818875698"),
)

CONFIDENT_SCORES = ((17.0, 0.0), 0)
CONFIDENT_LOSS = "4.1399376330897474e-8"
