"""Many workers share one service: each computes its shard of a batch, and the sums are the whole.

    python docs/examples/many_workers.py --target localhost:50051

A service keeps nothing between calls, so that any number of workers may call it. Each worker
is a process with a client of its own. Each sends its rows with the `denominator` of the whole
batch, and the losses and gradients that come back add up to what one call with all rows gives.
With sample weights the shards are unequal: no worker could tell the denominator by its own rows.
Prints what each worker contributed, and how close the sums are to the whole.
"""

from __future__ import annotations

import multiprocessing
import os
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from lossgrad import Client, Result

WORKERS = 4
ROWS, WIDTH, CLASSES = 2000, 128, 50

Arguments = dict[str, Any]


def whole_batch() -> Arguments:
    """Return a last layer, activations, labels, and weights of the rows."""
    rng = np.random.default_rng(0)
    return {
        "w2": rng.standard_normal((WIDTH, CLASSES)) / WIDTH**0.5,
        "h1": rng.standard_normal((ROWS, WIDTH)),
        "labels": rng.integers(CLASSES, size=ROWS),
        "sample_weights": rng.exponential(size=ROWS),
    }


def shards(batch: Arguments) -> list[Arguments]:
    """Return a problem for each worker: some of the rows, and the denominator of all of them."""
    shared = {"w2": batch["w2"], "denominator": batch["sample_weights"].sum()}
    cuts = np.array_split(np.arange(ROWS), WORKERS)
    names = ("h1", "labels", "sample_weights")
    return [{**shared, **{name: batch[name][rows] for name in names}} for rows in cuts]


def work(target: str, shard: Arguments) -> tuple[int, Result]:
    """Compute a shard, in a worker; return who did it and what came out."""
    with Client(target) as client:
        return os.getpid(), client.compute(**shard)


def in_workers(target: str, problems: list[Arguments]) -> list[Result]:
    """Return the results of all problems, and print who computed them."""
    # A fork would copy the locks of this process's threads in whatever state they are.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=spawn) as pool:
        done = list(pool.map(partial(work, target), problems))
    for worker, result in done:
        print(f"worker {worker}: {result.n_rows} rows, loss {result.loss:.6f}")
    return [result for _, result in done]


def main() -> None:
    """Compute a batch whole and by many workers, and compare."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="localhost:50051", help="where the service is")
    target, batch = parser.parse_args().target, whole_batch()
    with Client(target) as client:
        whole = client.compute(**batch)
    parts = in_workers(target, shards(batch))
    for name in ("loss", "dw2"):
        added, expected = sum(getattr(part, name) for part in parts), getattr(whole, name)
        print(f"{name}: the sum is within {np.abs(added - expected).max():.1e} of the whole")
        np.testing.assert_allclose(added, expected, rtol=1e-12, atol=1e-15)


if __name__ == "__main__":
    main()
