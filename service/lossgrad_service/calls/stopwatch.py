"""Time spent in each stage of one call."""

from __future__ import annotations

from time import perf_counter


class Stopwatch:
    """Seconds of one call by stage: ``decode``, ``compute``, ``encode``."""

    __slots__ = ("timing",)

    def __init__(self) -> None:
        self.timing: dict[str, float] = {}

    def stage(self, name: str) -> Stage:
        """Time the body of a ``with`` statement as stage `name`, or as more of it."""
        return Stage(self, name)

    def add(self, name: str, start: float) -> float:
        """Time what has gone on since `start` as stage `name`, or as more of it.

        Returns the time, which is the start of the next stage; both are those of
        `perf_counter`. Of the call itself it takes less than a ``with`` statement does.
        """
        now = perf_counter()
        self.timing[name] = self.timing.get(name, 0.0) + (now - start)
        return now


class Stage:
    """Adds the time of a ``with`` statement to a stage."""

    __slots__ = ("_name", "_start", "_watch")

    def __init__(self, watch: Stopwatch, name: str) -> None:
        self._watch = watch
        self._name = name

    def __enter__(self) -> None:
        self._start = perf_counter()

    def __exit__(self, *_: object) -> None:
        self._watch.add(self._name, self._start)
