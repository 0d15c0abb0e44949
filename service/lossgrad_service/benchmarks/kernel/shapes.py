"""Which sizes are timed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a problem."""

    rows: int
    """N."""
    classes: int
    """C."""
    width: int | None = None
    """D of the last layer, None where the scores are in memory."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the shape that is written NxC or NxDxC.

        Raises
        ------
        ValueError
            Where the text says something else.
        """
        rows, *width, classes = map(int, text.split("x"))
        if len(width) > 1 or min(rows, *width, classes) < 1:
            raise ValueError(text)
        return cls(rows, classes, *width)

    def __str__(self) -> str:
        sizes = (self.rows, self.width, self.classes)
        return "×".join(str(size) for size in sizes if size is not None)


SHAPES = (
    Shape(128, 10),
    Shape(4096, 10),
    Shape(256, 1000),
    Shape(4096, 1000),
    Shape(1024, 32_000),
    Shape(256, 128_256),
    Shape(1024, 32_000, width=512),
)
"""From batches of digits to the vocabularies of language models; the last with its layer."""
