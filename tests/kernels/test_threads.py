"""The same bits for any number of threads, and whoever of them is done first."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.types import Problem
from lossgrad_service.core import accumulator, compute
from lossgrad_service.core.plan import Plan
from lossgrad_service.kernels.matrices import linear, products, sums

ROWS, CLASSES, HIDDEN, INNER = 1500, 2100, 300, 7
WANT = ["loss", "row_losses", "dscores", "probs", "dh1", "dw2", "db2", "dw1", "db1", "dx"]
COMMON = {"reg": 0.1, "reduction": "mean", "want": WANT}
FORMS = {
    "labels": {},
    "smoothing and z-term": {"label_smoothing": 0.1, "z_loss": 0.01},
    "hinge": {"loss": "hinge"},
    "sums in float64": {"gradient_dtype": "f64"},
}


def problem(form, dtype):
    """Return a problem of several runs, parts of products and of sums."""
    rng = np.random.default_rng(0)
    layers = {
        "x": rng.normal(size=(ROWS, INNER)),
        "w1": rng.normal(size=(INNER, HIDDEN)),
        "b1": rng.normal(size=HIDDEN),
        "w2": rng.normal(size=(HIDDEN, CLASSES)) / 10,
        "b2": rng.normal(size=CLASSES),
    }
    rows = {
        "labels": rng.integers(0, CLASSES, ROWS),
        "sample_weights": 10.0 ** rng.uniform(-6, 6, ROWS),
    }
    arrays = {name: array.astype(dtype) for name, array in layers.items()}
    return Problem.of(arrays | rows | COMMON | FORMS[form])


def bits(result):
    return {name: array.tobytes() for name, array in result.arrays.items()} | result.scalars


def test_there_is_something_to_share():
    plan = Plan.of(problem("labels", np.float32))
    assert ROWS / plan.run_rows > 3
    assert HIDDEN > products.PART_ROWS
    assert CLASSES > products.PART_COLUMNS


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", FORMS)
def test_number_of_threads(form, dtype):
    whole = problem(form, dtype)
    expected = bits(compute(whole, threads=1))
    assert bits(compute(whole, threads=2)) == expected
    assert bits(compute(whole, threads=3)) == expected


def last_first(work, items, threads):
    """Return what `in_parallel` does; the last item is done first."""
    del threads
    return [work(item) for item in reversed(list(items))][::-1]


@pytest.mark.parametrize("form", FORMS)
def test_order_in_which_they_are_done(form, monkeypatch):
    whole = problem(form, np.float32)
    expected = bits(compute(whole, threads=2))
    for module in (accumulator, linear, products, sums):
        monkeypatch.setattr(module, "in_parallel", last_first)
    assert bits(compute(whole, threads=2)) == expected
