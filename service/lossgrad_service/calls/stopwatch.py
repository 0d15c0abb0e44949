"""Time spent in each stage of one call."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Seconds of one call by stage: ``decode``, ``compute``, ``encode``."""

    def __init__(self) -> None:
        self.timing: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the body of a ``with`` statement as stage `name`."""
        start = time.perf_counter()
        yield
        self.timing[name] = time.perf_counter() - start
