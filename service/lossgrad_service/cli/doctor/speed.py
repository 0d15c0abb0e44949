"""How long calls take, and how much goes through: three sizes of a softmax loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Final

import numpy as np

from lossgrad import Client, Result
from lossgrad.errors import TooLarge
from lossgrad.types import Array
from lossgrad_service.cli.doctor.figures import told_seconds
from lossgrad_service.cli.doctor.findings import Finding, doubtful, well
from lossgrad_service.cli.doctor.patient import Patient

CLASSES: Final = 1000
FAR_SECONDS: Final = 0.05
SLOW_BYTES: Final = 20e6
"""A second, there and back together; JSON within one machine makes some 100 MB."""

ENOUGH_SECONDS: Final = 1.0
"""After which a size is not timed again."""


@dataclass(frozen=True, slots=True)
class Size:
    """A batch, by its rows of 1000 classes in float32."""

    name: str
    rows: int
    most_calls: int


SIZES: Final = (Size("tiny call", 1, 20), Size("1 MB", 250, 10), Size("16 MB", 4000, 2))


@dataclass(frozen=True, slots=True)
class Timed:
    """What a call takes, the median of several."""

    seconds: float
    in_service: float
    bytes_both_ways: int

    @property
    def rate(self) -> float:
        """Bytes a second, of scores there and gradients back."""
        return self.bytes_both_ways / self.seconds


def time_calls(patient: Patient) -> Iterator[Finding]:
    """Time one size after the other; those above a limit are told so."""
    for size in SIZES:
        try:
            yield _judge(size, _time(patient.client, size))
        except TooLarge as error:
            yield doubtful(size.name, "larger than a limit of the server", error.message)


def _time(client: Client, size: Size) -> Timed:
    scores = np.random.default_rng(0).standard_normal((size.rows, CLASSES), np.float32)
    labels = np.zeros(size.rows, np.int32)
    # The first call of a size opens what later ones keep.
    _call(client, scores, labels)
    calls: list[tuple[float, Result]] = []
    begun = perf_counter()
    while len(calls) < size.most_calls and perf_counter() - begun < ENOUGH_SECONDS:
        calls.append(_call(client, scores, labels))
    seconds = median(taken for taken, _ in calls)
    in_service = median(sum(result.timing.values()) for _, result in calls)
    return Timed(seconds, in_service, 2 * scores.nbytes)


def _call(client: Client, scores: Array, labels: Array) -> tuple[float, Result]:
    begun = perf_counter()
    result = client.compute(scores=scores, labels=labels)
    return perf_counter() - begun, result


def _judge(size: Size, timed: Timed) -> Finding:
    text = f"{told_seconds(timed.seconds)}, {told_seconds(timed.in_service)} of it in the service"
    if size.rows == 1:
        return _judge_round_trip(size.name, timed, text)
    text = f"{timed.rate / 1e6:,.0f} MB/s there and back: {text}"
    if timed.rate >= SLOW_BYTES:
        return well(size.name, text)
    advice = "the network is slow: send float16 or bfloat16, want less, or move closer to it"
    return doubtful(size.name, text, advice)


def _judge_round_trip(name: str, timed: Timed, text: str) -> Finding:
    if timed.seconds < FAR_SECONDS:
        return well(name, text)
    advice = "the service is far away or busy: keep several calls under way (Client.map)"
    return doubtful(name, text, advice)
