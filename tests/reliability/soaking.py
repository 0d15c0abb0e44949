"""A service in use by all kinds of callers at once, looked at whenever they pause."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.abuse.served import Served
from tests.reliability.doings import DOINGS
from tests.reliability.slopes import Sample
from tests.running import PATIENCE_SECONDS

ROUND_SECONDS = 2.0
"""Of calls, after which all connections are closed and a sample is taken."""


def soak(served: Served, seconds: float, calls: Counter[str]) -> Iterator[Sample]:
    """Yield what a service holds after each round of calls, whose ends are counted in `calls`."""
    rng, began = random.Random(0), time.monotonic()
    while time.monotonic() < began + seconds:
        calls += _round(served, rng)
        served.wait_until_calm()
        os.kill(served.child.pid, signal.SIGUSR1)
        served.wait_until_calm()
        yield Sample(time.monotonic() - began, served.holdings())


def _round(served: Served, rng: random.Random) -> Counter[str]:
    addresses, end = served.child.addresses, time.monotonic() + ROUND_SECONDS
    with ThreadPoolExecutor(len(DOINGS)) as threads:
        told = [
            threads.submit(doing, addresses, random.Random(rng.random()), end) for doing in DOINGS
        ]
    return sum((each.result(PATIENCE_SECONDS) for each in told), Counter())
