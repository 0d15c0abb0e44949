"""Micro-batches that add up to one big batch: gradient accumulation without a difference.

    python docs/examples/gradient_accumulation.py --target localhost:50051

A mean divides by the rows that it sees, so that the means of micro-batches do not add up to
that of the whole. Given the whole batch's `denominator` they do: what belongs to one row is
the same bit for bit, and sums over rows that are asked for as float64 differ by a few units
in the last place, because they were added in another order. Prints both.
"""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

import numpy as np

from lossgrad import Client, Result
from lossgrad.types import Array

ROWS, WIDTH, CLASSES = 1000, 64, 100
MICRO_ROWS = 96
"""No divisor of ROWS: the last micro-batch is shorter."""

OF_ROWS = ("row_losses", "dscores", "dh1")
SUMS = ("dw2", "db2")


def parameters(rng: np.random.Generator) -> dict[str, Array]:
    """Return a last layer, in float32."""
    w2 = rng.standard_normal((WIDTH, CLASSES), np.float32) / 8
    return {"w2": w2, "b2": np.zeros(CLASSES, np.float32)}


def whole_batch(rng: np.random.Generator) -> dict[str, Array]:
    """Return activations, labels, and weights of the rows."""
    return {
        "h1": rng.standard_normal((ROWS, WIDTH), np.float32),
        "labels": rng.integers(CLASSES, size=ROWS),
        "sample_weights": rng.uniform(0.5, 2.0, ROWS),
    }


def micro_batches(batch: dict[str, Array]) -> list[dict[str, Array]]:
    """Return runs of neighbouring rows."""
    firsts = range(0, ROWS, MICRO_ROWS)
    return [{name: a[i : i + MICRO_ROWS] for name, a in batch.items()} for i in firsts]


def compute(client: Client, **arguments: Any) -> Result:
    """Return the loss, what belongs to rows, and the sums over them in float64."""
    want = ("loss", *OF_ROWS, *SUMS)
    return client.compute(**arguments, want=want, gradient_dtype="f64")


def ulps(found: Array | float, expected: Array | float) -> float:
    """Return the largest difference in units in the last place of the largest entry."""
    return float(np.abs(found - expected).max() / np.spacing(np.abs(expected).max()))


def main() -> None:
    """Compute a batch whole and in parts, and compare."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="localhost:50051", help="where the service is")
    rng = np.random.default_rng(0)
    layer, batch = parameters(rng), whole_batch(rng)
    with Client(parser.parse_args().target) as client:
        whole = compute(client, **layer, **batch)
        share = {"denominator": whole.denominator}  # Σ of the weights, here
        parts = [compute(client, **layer, **micro, **share) for micro in micro_batches(batch)]
    for name in OF_ROWS:
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, name))
        print(f"{name}: the same bits")
    for name in ("loss", *SUMS):
        added = sum(getattr(part, name) for part in parts)
        off = ulps(added, getattr(whole, name))
        print(f"{name}: within {off:.1f} ulp")
        np.testing.assert_array_less(off, len(parts) + 1)


if __name__ == "__main__":
    main()
