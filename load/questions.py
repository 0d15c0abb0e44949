"""What users ask: batches of real sizes, the same every time, and the loss that is right."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from lossgrad.codecs.base64_arrays import to_object
from lossgrad.types.limits import is_streamed
from lossgrad.types.problem import Problem

Arguments = Mapping[str, Any]

TOLERANCE = 1e-7
"""Of a loss, relatively: float32 is rounded."""


@dataclass(frozen=True)
class Question:
    """One call, as often as it is wanted."""

    name: str
    arguments: Arguments
    write_array: Callable[[Any], Any]
    """How its arrays stand in JSON."""

    @cached_property
    def is_streamed(self) -> bool:
        """Whether the client has it travel in pieces over gRPC."""
        return is_streamed(Problem.of(self.arguments), None)

    @cached_property
    def body(self) -> bytes:
        """The body of the HTTP request, whose answer is written in the same way."""
        encoding = "base64" if self.write_array is to_object else "list"
        return json.dumps(
            {**self.arguments, "encoding": encoding}, default=self.write_array
        ).encode()

    @cached_property
    def right_loss(self) -> float:
        """The loss as textbooks compute it, in this process and in float64."""
        return _textbook_loss(self.arguments)

    def complaint(self, loss: float) -> str | None:
        """Return what is wrong with an answered loss, None where nothing is."""
        if math.isclose(loss, self.right_loss, rel_tol=TOLERANCE):
            return None
        return f"wrong answer: loss {loss!r} to {self.name}, {self.right_loss!r} is right"


def _textbook_loss(arguments: Arguments) -> float:
    """Return the mean cross-entropy, and half the squares of the weights times `reg`."""
    given = {"b2": 0.0, "w2": np.zeros(0), "reg": 0.0, **arguments}
    scores = given["scores"] if "scores" in given else given["h1"] @ given["w2"] + given["b2"]
    shifted = scores - scores.max(axis=1, keepdims=True).astype(np.float64)
    log_sums = np.log(np.exp(shifted).sum(axis=1))
    data_loss = np.mean(log_sums - shifted[np.arange(len(shifted)), given["labels"]])
    return float(data_loss + given["reg"] * np.sum(np.square(given["w2"])) / 2)


def _tiny() -> Question:
    rng = np.random.default_rng(0)
    arguments = {
        "h1": np.maximum(rng.normal(size=(128, 100)), 0),
        "w2": rng.normal(scale=0.1, size=(100, 10)),
        "b2": np.zeros(10),
        "labels": rng.integers(10, size=128),
        "reg": 1e-3,
    }
    return Question("tiny", arguments, np.ndarray.tolist)


def _of_scores(name: str, rows: int, classes: int) -> Question:
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((rows, classes), np.float32)
    arguments = {"scores": scores, "labels": rng.integers(classes, size=rows)}
    return Question(name, arguments, to_object)


_DRAWN: Mapping[str, Callable[[], Question]] = {
    "tiny": _tiny,
    "imagenet": lambda: _of_scores("imagenet", 256, 1000),
    "language": lambda: _of_scores("language", 512, 32_000),
}


@cache
def question(name: str) -> Question:
    """Return the question of a name; the largest has 66 MB, so that each is drawn once."""
    return _DRAWN[name]()
