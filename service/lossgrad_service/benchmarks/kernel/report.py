"""Figures of shapes as JSON."""

from __future__ import annotations

from dataclasses import asdict

import orjson

from lossgrad_service.benchmarks.kernel.figures import Figures
from lossgrad_service.benchmarks.report import machine


def figures_to_json(figures: Figures) -> bytes:
    """Return the seconds of each way at each shape; null where a way does not take it."""
    shapes = [{**asdict(shape), "seconds": seconds} for shape, seconds in figures.items()]
    document = {"machine": machine(), "shapes": shapes}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)
