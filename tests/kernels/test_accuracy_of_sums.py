"""Sums over many rows: what float64 adds up is as right as its terms."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.types import Problem
from lossgrad_service.core import compute
from lossgrad_service.kernels.matrices.linear import sum_of_squares
from tests import exact
from tests.kernels.errors import dtypes

MANY = 1_000_000
DIFFERENT = 50


@pytest.fixture(scope="module")
def rows():
    """Rows of three classes; a million of them are these, over and over."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(DIFFERENT, 3)).astype(np.float32), rng.integers(0, 3, DIFFERENT)


def repeated(array):
    return np.tile(array, (MANY // DIFFERENT, *[1] * (array.ndim - 1)))


ADDED_UP = MANY * 2.0**-53
"""The most by which a sum of so many float64 can be off, relative to its terms."""


@dtypes
def test_db_of_a_million_rows(rows, dtype):
    """A float32 sum of as many terms may be off by 500 million times as much."""
    scores, labels = rows[0].astype(dtype), rows[1]
    result = compute(
        Problem.of(
            {
                "scores": repeated(scores),
                "labels": repeated(labels),
                "want": ["loss", "db2"],
                "gradient_dtype": "f64",
            }
        )
    )
    truth = [
        exact.row(row, exact.one_hot(label, 3))
        for row, label in zip(scores.tolist(), labels, strict=True)
    ]
    tolerance = exact.bound(max(row.spread for row in truth), dtype) + ADDED_UP
    for j in range(3):
        terms = [row.dscores[j] / DIFFERENT for row in truth]
        exact.assert_absolute(result.db2[j], sum(terms), tolerance * sum(map(abs, terms)))
    mean = sum(row.loss for row in truth) / DIFFERENT
    exact.assert_relative(result.loss, mean, tolerance, 0.0)


def test_db_is_rounded_once(rows):
    """To float32 from the float64 sum, however many rows and blocks it is made of."""
    problem = {"scores": repeated(rows[0]), "labels": repeated(rows[1]), "want": ["db2"]}
    rounded = compute(Problem.of(problem)).db2
    unrounded = compute(Problem.of(problem | {"gradient_dtype": "f64"})).db2
    np.testing.assert_array_equal(rounded, unrounded.astype(np.float32))


def test_dw2_of_float32_adds_up_across_tiles_in_float64():
    """Each tile adds 1 to 3·2²⁴ from the first, which float32 would not notice."""
    rows = 256 * 64
    h1 = np.full((rows, 1), 1 / 256, np.float32)
    h1[:256] = 3 * 2.0**16
    problem = {
        "scores": np.full((rows, 2), [60.0, -60.0], np.float32),
        "h1": h1,
        "w2": np.zeros((1, 2), np.float32),
        "labels": np.ones(rows, int),
        "reduction": "sum",
        "want": ["dw2"],
    }
    dw2 = np.array([[3 * 2.0**24 + 63, -(3 * 2.0**24) - 63]])
    for name, dtype in (("f64", np.float64), ("f32", np.float32)):
        result = compute(Problem.of(problem | {"gradient_dtype": name}))
        np.testing.assert_array_equal(result.dw2, dw2.astype(dtype))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_squares_are_made_and_added_in_float64(dtype):
    """(1 + 2⁻¹⁰)² needs 21 bits, and 2²⁰ of them 41."""
    weights = np.full((2**10, 2**10), 1 + 2.0**-10, dtype)
    assert sum_of_squares(weights) == 2.0**20 * (1 + 2.0**-10) ** 2
