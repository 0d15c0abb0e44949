"""Calls one behind the other: the next are under way while the caller uses a result.

`threads` and `tasks` are the same pipeline for the two kinds of client.
"""

from lossgrad.pipelines.batches import (
    DEEPEST,
    DEFAULT_DEPTH,
    Batch,
    read_depth,
    require_iterable,
)
from lossgrad.pipelines.futures import failed_future

__all__ = [
    "DEEPEST",
    "DEFAULT_DEPTH",
    "Batch",
    "failed_future",
    "read_depth",
    "require_iterable",
]
