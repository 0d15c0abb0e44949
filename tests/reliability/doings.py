"""What callers do with a service, good and bad, until some time; each tells how calls ended."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from typing import Any

import numpy as np

import lossgrad
from tests.security.endpoints import Endpoints
from tests.security.table import CALLS, TABLE

Doing = Callable[[Mapping[str, str], random.Random, float], Counter[str]]

SHAPES = {"gRPC": ((1, 3), (32, 10), (256, 1_000), (2_048, 1_000)), "HTTP": ((1, 3), (256, 100))}
"""From 12 bytes to a stream of 8 MB; numbers in lists over HTTP are text."""

SHORTEST_SECONDS, LONGEST_SECONDS = 0.001, 0.03
"""After which calls are given up, or have no time left; some are answered by then."""


def _batch(shape: tuple[int, int]) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    labels = rng.integers(shape[1], size=shape[0])
    return {"scores": rng.standard_normal(shape, np.float32), "labels": labels}


def good_calls(protocol: str) -> Doing:
    """Return one who makes calls of all sizes."""
    batches = [_batch(shape) for shape in SHAPES[protocol]]

    def call(addresses: Mapping[str, str], rng: random.Random, end: float) -> Counter[str]:
        told: Counter[str] = Counter()
        with lossgrad.Client(addresses[protocol]) as client:
            while time.monotonic() < end:
                client.compute(**rng.choice(batches))
                told["answered"] += 1
        return told

    return call


def late_calls(protocol: str) -> Doing:
    """Return one who allows too little time."""
    batch = _batch(SHAPES[protocol][-1])

    def call(addresses: Mapping[str, str], rng: random.Random, end: float) -> Counter[str]:
        told: Counter[str] = Counter()
        with lossgrad.Client(addresses[protocol]) as client:
            while time.monotonic() < end:
                with suppress(lossgrad.DeadlineExceeded, lossgrad.Busy):
                    client.compute(**batch, timeout=_moment(rng))
                told["allowed too little"] += 1
        return told

    return call


def cancelled_calls(protocol: str) -> Doing:
    """Return one who gives up what it asked for."""
    batch = _batch(SHAPES[protocol][-1])

    async def cancel(target: str, rng: random.Random, end: float) -> Counter[str]:
        told: Counter[str] = Counter()
        async with lossgrad.AsyncClient(target) as client:
            while time.monotonic() < end:
                call = asyncio.ensure_future(client.compute(**batch))
                await asyncio.wait([call], timeout=_moment(rng))
                call.cancel()
                await asyncio.wait([call])
                told["cancelled"] += 1
        return told

    return lambda addresses, rng, end: asyncio.run(cancel(addresses[protocol], rng, end))


def _moment(rng: random.Random) -> float:
    return rng.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)


def bad_calls(addresses: Mapping[str, str], rng: random.Random, end: float) -> Counter[str]:
    """Send what is wrong over every endpoint, and hold each refusal to its code."""
    told: Counter[str] = Counter()
    with closing(Endpoints(dict(addresses))) as endpoints:
        while time.monotonic() < end:
            name, endpoint = rng.choice(CALLS)
            row = TABLE[name]
            answer = endpoints.send(endpoint, row.sent[endpoint])
            assert answer.code == row.refused.over(endpoint), (name, endpoint, answer)
            told["bad"] += 1
    return told


DOINGS: tuple[Doing, ...] = (
    *(kind(protocol) for kind in (good_calls, late_calls, cancelled_calls) for protocol in SHAPES),
    bad_calls,
)
