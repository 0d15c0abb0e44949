"""A row's results have the same bits alone and in any batch."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.types import Problem
from lossgrad_service.core import compute
from lossgrad_service.kernels.matrices import tiles

ROW_OUTPUTS = ["row_losses", "dscores", "probs", "log_partition", "predictions"]
OPTIONS = [
    {},
    {"temperature": 0.7},
    {"softcap": 20.0},
    {"label_smoothing": 0.1},
    {"z_loss": 0.1},
    {"softcap": 20.0, "z_loss": 0.1},
]
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def answers(**arguments):
    return compute(Problem.of({"reduction": "sum", **arguments})).arrays


def assert_same_rows(some, whole, rows):
    for name, array in some.items():
        assert array.tobytes() == np.ascontiguousarray(whole[name][rows]).tobytes(), name


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("classes", [1, 2, 3, 7, 10, 129, 1000, 9000])
@pytest.mark.parametrize("options", [{}, {"softcap": 20.0}, {"label_smoothing": 0.1}], ids=str)
def test_scores(dtype, classes, options):
    rng = np.random.default_rng(classes)
    scores = (3 * rng.normal(size=(83, classes))).astype(dtype)
    labels = rng.integers(0, classes, 83)
    whole = answers(scores=scores, labels=labels, want=ROW_OUTPUTS, **options)
    for rows in (slice(0, 1), slice(41, 42), slice(82, 83), slice(5, 22), slice(0, 64)):
        some = answers(scores=scores[rows], labels=labels[rows], want=ROW_OUTPUTS, **options)
        assert_same_rows(some, whole, rows)


@dtypes
@pytest.mark.parametrize("widths", [(1, 1, 1), (4, 10, 3), (3, 1, 5), (5, 7, 1), (64, 100, 10)])
def test_layers(dtype, widths):
    inner, hidden, classes = widths
    rng = np.random.default_rng(inner)
    x = rng.normal(size=(600, inner)).astype(dtype)
    layers = {
        "w1": rng.normal(size=(inner, hidden)).astype(dtype),
        "w2": rng.normal(size=(hidden, classes)).astype(dtype),
    }
    labels = rng.integers(0, classes, 600)
    want = [*ROW_OUTPUTS, "dh1", "dx"]
    whole = answers(x=x, labels=labels, want=want, **layers)
    for rows in (slice(0, 1), slice(299, 300), slice(255, 257), slice(100, 533)):
        assert_same_rows(answers(x=x[rows], labels=labels[rows], want=want, **layers), whole, rows)


def test_rows_of_tiles_with_few_rows():
    """Sums of products that are far longer than what is added up at a time."""
    rng = np.random.default_rng(3)
    width = 400_000
    assert tiles.rows_per_tile(width, np.dtype(np.float32)) == 4
    h1 = rng.normal(size=(6, width)).astype(np.float32)
    w2 = rng.normal(size=(width, 2)).astype(np.float32)
    whole = answers(h1=h1, w2=w2, labels=[0] * 6, want=["row_losses"])
    for row in range(6):
        rows = slice(row, row + 1)
        some = answers(h1=h1[rows], w2=w2, labels=[0], want=["row_losses"])
        assert_same_rows(some, whole, rows)


def test_leading_axes_with_gaps():
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(4, 6, 5))
    labels = rng.integers(0, 5, (4, 6))
    flat = answers(scores=scores.reshape(24, 5), labels=labels.reshape(24), want=ROW_OUTPUTS)
    swapped = np.ascontiguousarray(scores.swapaxes(0, 1)).swapaxes(0, 1)
    assert not swapped.flags.c_contiguous
    for name, array in answers(scores=swapped, labels=labels, want=ROW_OUTPUTS).items():
        assert array.shape[:2] == (4, 6)
        np.testing.assert_array_equal(array.reshape(flat[name].shape), flat[name])


WEIGHTED = [
    {},
    {"temperature": 0.5},
    {"sample_weights": np.linspace(0.1, 3, 60)},
    {"class_weights": np.linspace(0.1, 3, 7)},
]


@pytest.mark.parametrize("options", WEIGHTED, ids=str)
@pytest.mark.parametrize("size", [1, 7, 60])
@dtypes
def test_shards_with_the_denominator_of_the_whole(dtype, options, size):
    """Nothing that is decided for a row may depend on the batch, or on who says D'."""
    rng = np.random.default_rng(9)
    scores = (20 * rng.normal(size=(60, 7))).astype(dtype)
    labels = rng.integers(0, 7, 60)
    mean = {"reduction": "mean", "want": [*ROW_OUTPUTS, "denominator"]}
    problem = Problem.of({"scores": scores, "labels": labels} | options | mean)
    whole = compute(problem)
    for start in range(0, 60, size):
        rows = slice(start, start + size)
        shard = {"scores": scores[rows], "labels": labels[rows]} | options | mean
        if "sample_weights" in options:
            shard["sample_weights"] = options["sample_weights"][rows]
        some = compute(Problem.of(shard | {"denominator": whole.denominator}))
        assert_same_rows(some.arrays, whole.arrays, rows)
        alone = compute(Problem.of(shard))
        for name in ("row_losses", "probs", "log_partition"):
            assert_same_rows({name: alone.arrays[name]}, whole.arrays, rows)


@dtypes
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("classes", [1, 3, 67, 1001, 4097])
def test_a_row_does_not_depend_on_its_place(classes, options, dtype):
    """Rows of an odd length begin at any address, and the first classes of some in no lane."""
    rng = np.random.default_rng(classes)
    row = (5 * rng.normal(size=classes)).astype(dtype)
    arguments = {"scores": np.tile(row, (50, 1)), "labels": [classes // 2] * 50}
    for name, array in answers(**arguments, want=ROW_OUTPUTS, **options).items():
        assert len(np.unique(array, axis=0)) == 1, name


@dtypes
@pytest.mark.parametrize("options", [*OPTIONS, {"loss": "hinge"}], ids=str)
def test_equal_scores_have_equal_gradients(options, dtype):
    """Wherever they stand: in lanes, behind the last full lanes, in any chunk."""
    row = np.tile(np.array([0.3, -1.7, 2.9]), 1500).astype(dtype)
    result = answers(scores=row[None], labels=[4000], want=["dscores", "probs"], **options)
    probabilities, gradient = result["probs"][0], np.delete(result["dscores"][0], 4000)
    assert len(np.unique(probabilities)) == 3
    assert len(np.unique(gradient)) <= 3
