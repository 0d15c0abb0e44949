"""What was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TypeAlias

import orjson

from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.report import machine


@dataclass(frozen=True, slots=True)
class Taken:
    """What a call took, in seconds."""

    wall: float
    """Median of the time until its answer was there."""
    caller: float
    """Of processors, in the caller's process; the mean."""
    busiest: float
    """Of processors, in the server that took most."""


Results: TypeAlias = Mapping[Shape, Mapping[str, Taken]]
"""By shape, and by who was asked."""


def results_to_json(results: Results) -> bytes:
    """Return all of it, in seconds."""
    shapes = [
        {**asdict(shape), "seconds": {name: asdict(taken) for name, taken in by_name.items()}}
        for shape, by_name in results.items()
    ]
    return orjson.dumps({"machine": machine(), "shapes": shapes}, option=orjson.OPT_INDENT_2)
