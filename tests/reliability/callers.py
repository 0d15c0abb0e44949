"""Callers of our own clients, on threads, who hold every answer against that of a quiet call."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import lossgrad
from tests.running import PATIENCE_SECONDS

CLASSES = 1_000
MEBIBYTE_ROWS = 256
STREAM_ROWS = 8_192


@dataclass(frozen=True)
class Question:
    """What some callers ask again and again: scores of 1,000 classes."""

    name: str
    protocol: str
    n_rows: int
    least: int
    """Calls that are to be made."""
    clients: int
    threads_of_each: int

    def arguments(self) -> dict[str, Any]:
        """Return the batch, the same every time."""
        rng = np.random.default_rng(0)
        scores = rng.standard_normal((self.n_rows, CLASSES), np.float32)
        return {"scores": scores, "labels": rng.integers(CLASSES, size=self.n_rows)}


def questions(messages: int, streams: int) -> tuple[Question, ...]:
    """Return so many calls of 1 MB in one message, a third over HTTP, and streams of 32 MB."""
    return (
        Question("1 MB over gRPC", "gRPC", MEBIBYTE_ROWS, messages - messages // 3, 2, 2),
        Question("1 MB over HTTP", "HTTP", MEBIBYTE_ROWS, messages // 3, 2, 1),
        # A client each: a worker that is killed loses all that one has under way, and 12 times two
        # retries are as many as a hundred calls earn.
        Question("32 MB streamed", "gRPC", STREAM_ROWS, streams, 2, 1),
    )


@dataclass(eq=False)
class Tally:
    """What became of the calls of a question."""

    calls: int = 0
    wrong: int = 0
    """Answers that differ from that of a quiet call in any bit."""
    slowest: float = 0.0
    """Seconds."""
    errors: list[lossgrad.LossGradError] = field(default_factory=list)

    def __str__(self) -> str:
        told = "".join(f" ({type(error).__name__}: {error})" for error in self.errors[:1])
        return (
            f"{self.calls} calls, {len(self.errors)} errors{told}, {self.wrong} with other bits, "
            f"the slowest {self.slowest:.2f} s"
        )


class Callers:
    """Callers that are under way."""

    def __init__(self, asked: Sequence[Question]) -> None:
        self.is_over = threading.Event()
        self._tallies = {question: Tally() for question in asked}
        self._changed = threading.Condition()

    def __str__(self) -> str:
        return "; ".join(f"{question.name}: {tally}" for question, tally in self._tallies.items())

    def run(self, question: Question, client: lossgrad.Client, right: lossgrad.Result) -> None:
        """Ask until it is over."""
        arguments = question.arguments()
        while not self.is_over.is_set():
            began, is_wrong, errors = time.monotonic(), False, []
            try:
                is_wrong = not _same_bits(client.compute(**arguments), right)
            except lossgrad.LossGradError as error:
                errors = [error]
            self._count(self._tallies[question], time.monotonic() - began, is_wrong, errors)

    def _count(
        self, tally: Tally, seconds: float, is_wrong: bool, errors: list[lossgrad.LossGradError]
    ) -> None:
        with self._changed:
            tally.calls += 1
            tally.wrong += is_wrong
            tally.slowest = max(tally.slowest, seconds)
            tally.errors += errors
            self._changed.notify_all()

    def wait_for(self, share: float) -> None:
        """Return once this share of the least calls was made, of every question."""
        self._wait_for({tally: share * q.least for q, tally in self._tallies.items()})

    def wait_for_more(self, share: float) -> None:
        """The same, not counting the calls that were made before."""
        self._wait_for({t: t.calls + share * q.least for q, t in self._tallies.items()})

    def _wait_for(self, calls: Mapping[Tally, float]) -> None:
        with self._changed:
            is_there = self._changed.wait_for(
                lambda: all(tally.calls >= least for tally, least in calls.items()),
                PATIENCE_SECONDS,
            )
        assert is_there, f"the callers do not get on: {self}"

    def assert_answered(self) -> None:
        """Hold every call to having been answered, with the right bits."""
        tallies = self._tallies.values()
        assert [error for tally in tallies for error in tally.errors] == []
        assert sum(tally.wrong for tally in tallies) == 0


def _same_bits(answer: lossgrad.Result, right: lossgrad.Result) -> bool:
    return answer.loss == right.loss and np.array_equal(answer.dscores, right.dscores)


@contextmanager
def calling(asked: Sequence[Question], addresses: Mapping[str, str]) -> Iterator[Callers]:
    """Have questions asked until the block is left."""
    callers = Callers(asked)
    with ExitStack() as stack:
        clients = [
            (question, stack.enter_context(lossgrad.Client(addresses[question.protocol])))
            for question in asked
            for _ in range(question.clients)
        ]
        quiet = {question: client.compute(**question.arguments()) for question, client in clients}
        threads = stack.enter_context(
            ThreadPoolExecutor(sum(q.clients * q.threads_of_each for q in asked))
        )
        stack.callback(callers.is_over.set)
        running = [
            threads.submit(callers.run, question, client, quiet[question])
            for question, client in clients
            for _ in range(question.threads_of_each)
        ]
        yield callers
    for each in running:
        each.result()
