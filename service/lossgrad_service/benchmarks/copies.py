"""Copies of arrays: what memory alone costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from lossgrad.types import Array

Copy: TypeAlias = Callable[[], list[Array]]
"""A function that copies into the arrays that it returns, which are always the same."""


def copies(*sources: Array) -> Copy:
    """Return a function that copies some arrays."""
    targets = [np.empty_like(source) for source in sources]

    def copy() -> list[Array]:
        for target, source in zip(targets, sources, strict=True):
            np.copyto(target, source)
        return targets

    return copy
