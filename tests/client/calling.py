"""One call by a client of its own, in the ways that a client has of making it."""

from __future__ import annotations

import asyncio

import numpy as np

import lossgrad
from tests.running import PATIENCE_SECONDS, Streaming

BATCH = {"scores": np.arange(10_000.0).reshape(100, 100) % 7, "labels": np.arange(100)}
"""Its messages have 80 kB, each way."""


def call(target):
    with lossgrad.Client(target, timeout=PATIENCE_SECONDS) as client:
        return client.compute(**BATCH)


def call_in_pieces(target):
    with Streaming(target, timeout=PATIENCE_SECONDS) as client:
        return client.compute(**BATCH)


def call_awaiting(target):
    async def run():
        async with lossgrad.AsyncClient(target, timeout=PATIENCE_SECONDS) as client:
            return await client.compute(**BATCH)

    return asyncio.run(run())
