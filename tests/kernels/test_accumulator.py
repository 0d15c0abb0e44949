"""The rows may come block by block, as they do from a stream, and give the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.types import Problem
from lossgrad.types.denominator import Denominator
from lossgrad_service.core import compute
from lossgrad_service.core.accumulator import Accumulator
from lossgrad_service.core.plan import Plan
from lossgrad_service.kernels.matrices.tiles import spans

ROWS, CLASSES, HIDDEN, INNER = 700, 16_384, 16, 5
WANT = ["loss", "row_losses", "dscores", "dh1", "dw2", "db2", "dw1", "db1", "dx", "accuracy"]


@pytest.fixture(scope="module")
def arguments():
    rng = np.random.default_rng(0)
    return {
        "x": rng.normal(size=(ROWS, INNER)).astype(np.float32),
        "w1": rng.normal(size=(INNER, HIDDEN)).astype(np.float32),
        "w2": rng.normal(size=(HIDDEN, CLASSES)).astype(np.float32),
        "labels": rng.integers(0, CLASSES, ROWS),
        "sample_weights": rng.random(ROWS),
        "denominator": 3.0,
        "reg": 0.01,
        "want": WANT,
    }


def test_blocks_that_are_fed_one_by_one_give_the_same_bits(arguments):
    problem = Problem.of(arguments)
    plan = Plan.of(problem)
    assert plan.tile_rows < plan.block_rows < ROWS
    accumulator = Accumulator(problem, plan, Denominator(3.0))
    widths = {"row_losses": (), "dscores": (CLASSES,), "dh1": (HIDDEN,), "dx": (INNER,)}
    dtypes = {"row_losses": np.float64}
    parts = []
    for span in spans(ROWS, plan.block_rows):
        rows = {n: arguments[n][span].copy() for n in ("x", "labels", "sample_weights")}
        n = len(rows["x"])
        out = {k: np.empty((n, *w), dtypes.get(k, np.float32)) for k, w in widths.items()}
        accumulator.feed(rows, out)
        parts.append(out)
    sums = accumulator.finish()
    whole = compute(problem)
    for name in widths:
        joined = np.concatenate([part[name] for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, name))
    for name in ("loss", "data_loss", "reg_loss", "accuracy", "n_rows"):
        assert sums[name] == getattr(whole, name)
    for name in ("dw2", "db2", "dw1", "db1"):
        np.testing.assert_array_equal(sums[name].astype(np.float32), getattr(whole, name))


def test_shards_add_up_in_float64(arguments):
    """Products are made in float64 too where the sums are asked for in float64."""
    asked = {**arguments, "gradient_dtype": "f64", "reg": 0.0, "want": ["loss", "dw2", "dw1"]}
    whole = compute(Problem.of(asked))
    by_row = ("x", "labels", "sample_weights")
    shards = [
        compute(Problem.of({**asked, **{name: asked[name][rows] for name in by_row}}))
        for rows in (slice(0, 123), slice(123, 600), slice(600, ROWS))
    ]
    assert sum(shard.loss for shard in shards) == pytest.approx(whole.loss, rel=1e-15)
    for name in ("dw2", "dw1"):
        added = sum(getattr(shard, name) for shard in shards)
        scale = np.abs(getattr(whole, name)).max()
        np.testing.assert_allclose(added, getattr(whole, name), rtol=0, atol=4e-15 * scale)
