"""Time spent in each stage of one call."""

from __future__ import annotations

from time import perf_counter


class Stopwatch:
    """Seconds of one call by stage: ``decode``, ``compute``, ``encode``."""

    def __init__(self) -> None:
        self.timing: dict[str, float] = {}

    def stage(self, name: str) -> Stage:
        """Time the body of a ``with`` statement as stage `name`, or as more of it."""
        return Stage(self.timing, name)


class Stage:
    """Adds the time of a ``with`` statement to a stage; small calls have several of them."""

    __slots__ = ("_name", "_start", "_timing")

    def __init__(self, timing: dict[str, float], name: str) -> None:
        self._timing = timing
        self._name = name

    def __enter__(self) -> None:
        self._start = perf_counter()

    def __exit__(self, *_: object) -> None:
        elapsed = perf_counter() - self._start
        self._timing[self._name] = self._timing.get(self._name, 0.0) + elapsed
