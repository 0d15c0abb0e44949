"""Rows as runs leave them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from load.rows import ALL, Row

ROW = Row(
    1, 1, *ALL, calls=100, failures=0, calls_per_second=50.0, mean_ms=20.0, p50_ms=19.0, p99_ms=30.0
)


def row(**figures: Any) -> Row:
    """Return the total of a step; what is not told is that of an uneventful one."""
    return replace(ROW, **figures)


RAMP = [
    row(step=1, users=1, calls_per_second=100.0, mean_ms=10.0),
    row(step=2, users=2, calls_per_second=190.0, mean_ms=10.5),
    row(step=3, users=4, calls_per_second=250.0, mean_ms=16.0),
    row(step=4, users=8, calls_per_second=240.0, mean_ms=33.0),
]
"""Saturated from two users on."""
