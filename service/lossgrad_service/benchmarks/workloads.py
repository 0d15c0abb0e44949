"""What is asked for, and the bytes that it takes on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np

from lossgrad.types import Array
from lossgrad.types.limits import STREAMED_FROM
from lossgrad_service.benchmarks.kernel.shapes import Shape


class Answer(NamedTuple):
    """What a way brings back, with the names that a `Result` has."""

    loss: float
    dscores: Array
    dw2: Array | None = None
    db2: Array | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """Scores and labels, of which the loss and dScores are wanted.

    With a width also h1 and w2, of which dW2 and db2 are wanted; the scores are sent all
    the same.
    """

    name: str
    shape: Shape

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the workload of a name, or one written NxC or NxDxC.

        Raises
        ------
        ValueError
            Where the text says something else.
        """
        return cls(text, SHAPES.get(text) or Shape.parse(text))

    def __str__(self) -> str:
        return f"{self.name}: {self.shape}" if self.name in SHAPES else str(self.shape)

    @property
    def bytes_in(self) -> int:
        """Bytes of the arrays that are sent: float32, and labels of 8 bytes."""
        rows, classes, width = self.shape.rows, self.shape.classes, self.shape.width or 0
        return 4 * (rows * classes + rows * width + width * classes) + 8 * rows

    @property
    def bytes_out(self) -> int:
        """Bytes of the arrays that are answered, all float32."""
        rows, classes, width = self.shape.rows, self.shape.classes, self.shape.width
        return 4 * (rows * classes + (0 if width is None else (width + 1) * classes))

    @property
    def gradients(self) -> tuple[str, ...]:
        """The arrays that are answered."""
        return ("dscores",) if self.shape.width is None else ("dscores", "dw2", "db2")

    @property
    def is_streamed(self) -> bool:
        """Whether the client would have it travel in pieces."""
        return self.bytes_in + self.bytes_out >= STREAMED_FROM

    def arguments(self) -> dict[str, Any]:
        """Return the arrays, standard normal; they are the same every time, and read-only."""
        return dict(_drawn(self.shape))


@lru_cache(1)
def _drawn(shape: Shape) -> Mapping[str, Array]:
    """Return the arrays of one workload at a time, since they may be large."""
    rng = np.random.default_rng(0)
    shapes = {"scores": (shape.rows, shape.classes)}
    if shape.width is not None:
        shapes |= {"h1": (shape.rows, shape.width), "w2": (shape.width, shape.classes)}
    drawn = {name: rng.standard_normal(sizes, np.float32) for name, sizes in shapes.items()}
    arrays = {**drawn, "labels": rng.integers(shape.classes, size=shape.rows)}
    for array in arrays.values():
        array.flags.writeable = False
    return arrays


SHAPES = {
    "A": Shape(128, 10, width=100),
    "B": Shape(256, 1000),
    "C": Shape(4096, 1000, width=512),
    "D": Shape(1024, 32_000),
}
"""From a batch of digits to the vocabulary of a language model: 61 kB, 1, 27 and 131 MB sent."""

WORKLOADS = tuple(map(Workload.parse, SHAPES))
