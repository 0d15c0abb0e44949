"""Several calls under way in a loop: the same results, more of them per second.

    python docs/examples/pipelining.py --target localhost:50051

In a plain loop the service waits while a batch is read and a result is used, and the loop waits
while the service computes. Two others do both at once: `compute_future` begins a call whose
result is taken later, and `Client.map` keeps `depth` calls under way. Prints the calls per
second of each loop, and that all have the same results, bit for bit.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any

import numpy as np

from lossgrad import Client, Result

BATCHES, ROWS, CLASSES = 60, 256, 1000

STORAGE_SECONDS = 0.01

Loop = Callable[[Client], Iterator[Result]]


def batches() -> Iterator[dict[str, Any]]:
    """Read one batch after the other from a slow storage."""
    rng = np.random.default_rng(0)
    for _ in range(BATCHES):
        time.sleep(STORAGE_SECONDS)
        scores = rng.standard_normal((ROWS, CLASSES), np.float32)
        yield {"scores": scores, "labels": rng.integers(CLASSES, size=ROWS)}


def digest(result: Result) -> bytes:
    """Use a result: return what two of them share only if all their bits are the same."""
    return blake2b(np.float64(result.loss).tobytes() + result.dscores.tobytes()).digest()


def plain(client: Client) -> Iterator[Result]:
    """Make one call after the other."""
    for batch in batches():
        yield client.compute(**batch)


def one_ahead(client: Client) -> Iterator[Result]:
    """Begin the next call before a result is used."""
    futures = (client.compute_future(**batch) for batch in batches())
    under_way = next(futures)
    for begun in futures:
        yield under_way.result()
        under_way = begun
    yield under_way.result()


def mapped(client: Client) -> Iterator[Result]:
    """Keep three calls under way."""
    return client.map(batches(), depth=3)


def timed(loop: Loop, client: Client) -> list[bytes]:
    """Run a loop, print how quick it is, and return what it has made of the results."""
    begun = time.perf_counter()
    digests = [digest(result) for result in loop(client)]
    rate = len(digests) / (time.perf_counter() - begun)
    print(f"{loop.__name__:10}{rate:5.0f} calls per second")
    return digests


def main() -> None:
    """Run the three loops and compare their results."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="localhost:50051", help="where the service is")
    with Client(parser.parse_args().target) as client:
        client.compute(**next(batches()))  # connects, which no loop shall pay for
        expected, *others = [timed(loop, client) for loop in (plain, one_ahead, mapped)]
    if any(digests != expected for digests in others):
        raise SystemExit("the loops have different results")
    print("all results are the same, bit for bit")


if __name__ == "__main__":
    main()
