"""Every call of a run: locust itself keeps whole milliseconds, and no steps."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lossgrad.types import Array


class Asked(NamedTuple):
    """What was asked, and by which way."""

    way: str
    question: str


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of one kind: 16 bytes each."""

    ended: array[float] = field(default_factory=lambda: array("d"))
    """When, in seconds since 1970, which processes agree about."""
    seconds: array[float] = field(default_factory=lambda: array("d"))
    """How long each took; NaN where it failed."""


class Recorder:
    """Keeps the calls of this process, and those that others hand over."""

    def __init__(self) -> None:
        self._calls: defaultdict[Asked, Calls] = defaultdict(Calls)

    def add(self, asked: Asked, ended: float, seconds: float) -> None:
        """Keep a call that was answered."""
        calls = self._calls[asked]
        calls.ended.append(ended)
        calls.seconds.append(seconds)

    def add_failure(self, asked: Asked, ended: float) -> None:
        """Keep a call that was not answered, or wrongly."""
        self.add(asked, ended, float("nan"))

    def hand_over(self) -> list[Any]:
        """Return everything that is kept, as plain lists, and forget it."""
        kept, self._calls = self._calls, defaultdict(Calls)
        return [
            [*asked, calls.ended.tolist(), calls.seconds.tolist()] for asked, calls in kept.items()
        ]

    def take_over(self, handed: list[Any]) -> None:
        """Keep what another recorder has handed over."""
        for way, question, ended, seconds in handed:
            calls = self._calls[Asked(way, question)]
            calls.ended.extend(ended)
            calls.seconds.extend(seconds)

    def between(self, began: float, ended: float) -> Mapping[Asked, Array]:
        """Return the seconds of calls that ended within a time, NaN of those that failed."""
        return dict(self._between(began, ended))

    def failed_share(self) -> float:
        """Return the share of failed calls among all; of none, none have failed."""
        seconds = np.concatenate([*(calls.seconds for calls in self._calls.values()), np.empty(0)])
        return float(np.isnan(seconds).mean()) if len(seconds) else 0.0

    def _between(self, began: float, ended: float) -> Iterator[tuple[Asked, Array]]:
        for asked, calls in sorted(self._calls.items()):
            at = np.asarray(calls.ended)
            yield asked, np.asarray(calls.seconds)[(began <= at) & (at < ended)]
