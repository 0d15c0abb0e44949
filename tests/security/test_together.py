"""Bad and good calls at the same time: every answer is that of the same call made alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import cycle, islice

import numpy as np
import pytest

import lossgrad
from tests.running import Streaming
from tests.security.endpoints import Endpoints
from tests.security.served import Served
from tests.security.table import CALLS, TABLE

BAD_CALLERS = 3
GOOD_CALLS = 60
"""Of each good caller."""

RNG = np.random.default_rng(6)


def drawn(*shape):
    return RNG.normal(size=shape).astype(np.float32)


GOOD = [
    {"scores": drawn(50, 10), "labels": RNG.integers(0, 10, 50)},
    {"scores": drawn(50, 10).astype(float), "labels": RNG.integers(0, 10, 50)},
    {"scores": drawn(300, 40), "labels": RNG.integers(0, 40, 300), "label_smoothing": 0.125},
    {"scores": drawn(50, 10), "targets": np.abs(drawn(50, 10)), "temperature": 3.0},
    {"h1": drawn(300, 8), "w2": drawn(8, 10), "labels": RNG.integers(0, 10, 300), "reg": 0.5},
    {"x": drawn(20, 4), "w1": drawn(4, 8), "w2": drawn(8, 3), "labels": RNG.integers(0, 3, 20)},
    {"scores": drawn(50, 10), "labels": RNG.integers(0, 10, 50), "loss": "hinge"},
]
"""Some of one form, which the service remembers; some large enough for a thread."""

CLIENTS: dict[str, Callable[[dict[str, str]], lossgrad.Client]] = {
    "gRPC": lambda addresses: lossgrad.Client(addresses["gRPC"]),
    "gRPC stream": lambda addresses: Streaming(addresses["gRPC"]),
    "HTTP": lambda addresses: lossgrad.Client(addresses["HTTP"]),
}


def bits(result):
    outputs = {**result.scalars, **result.arrays}
    return {name: np.asarray(value).tobytes() for name, value in outputs.items()}


@pytest.fixture(scope="module")
def alone(served):
    """The answers of the good calls, each made while no other is under way."""
    with lossgrad.Client(served.addresses["gRPC"]) as client:
        return [bits(client.compute(**call)) for call in GOOD]


@contextmanager
def bad_callers(served: Served) -> Iterator[None]:
    """Send the whole table again and again, each caller in an order of its own."""
    is_over = []

    def send_all(seed: int) -> int:
        calls = random.Random(seed).sample(CALLS, len(CALLS))
        with closing(Endpoints(served.addresses)) as endpoints:
            for count, (name, endpoint) in enumerate(cycle(calls)):
                if is_over:
                    return count
                row = TABLE[name]
                answer = endpoints.send(endpoint, row.sent[endpoint])
                assert answer.code == row.refused.over(endpoint), name
        raise AssertionError

    with ThreadPoolExecutor(BAD_CALLERS) as threads:
        sending = [threads.submit(send_all, seed) for seed in range(BAD_CALLERS)]
        try:
            yield
        finally:
            is_over.append(True)
        assert all(each.result() > 0 for each in sending)


def test_good_calls_beside_bad_ones(served, alone):
    def answers(name: str) -> list[bool]:
        order = islice(cycle(range(len(GOOD))), GOOD_CALLS)
        with CLIENTS[name](served.addresses) as client:
            return [bits(client.compute(**GOOD[which])) == alone[which] for which in order]

    with bad_callers(served), ThreadPoolExecutor(len(CLIENTS)) as threads:
        found = dict(zip(CLIENTS, threads.map(answers, CLIENTS), strict=True))
    assert found == {name: [True] * GOOD_CALLS for name in CLIENTS}
