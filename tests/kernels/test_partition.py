"""k and T of a row: chunk by chunk, and wherever its largest score stands."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp, mpf

from lossgrad_service.kernels.rows.partition import CHUNK
from tests import exact
from tests.kernels.calling import label_rows
from tests.kernels.errors import dtypes

WIDTHS = [1, 2, 3, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 1, 32_000, 128_256]
PLACES = [0, 1, CHUNK - 1, CHUNK, 2 * CHUNK - 1, 2 * CHUNK]
NAN, INF = np.nan, np.inf
places = pytest.mark.parametrize("place", PLACES)


def told(row):
    """Return k and T of a row, alone and with a gradient, which must not matter."""
    rows = label_rows(row[None])
    without = label_rows(row[None], with_gradient=False)
    np.testing.assert_array_equal(rows.rest, without.rest)
    np.testing.assert_array_equal(rows.first, without.first)
    return rows.first[0], rows.rest[0]


def others(row):
    """Return T, given few different scores: Σ e^{s − m} without one term of 1."""
    values, counts = np.unique(row, return_counts=True)
    gaps = (mpf(float(value)) - mpf(float(values[-1])) for value in values)
    return mp.fsum(int(n) * mp.exp(gap) for gap, n in zip(gaps, counts, strict=True)) - 1


@dtypes
@pytest.mark.parametrize("classes", WIDTHS)
def test_rest(dtype, classes):
    rng = np.random.default_rng(classes)
    row = rng.choice((10 * rng.normal(size=200)).astype(dtype), classes)
    first, rest = told(row)
    assert first == row.argmax()
    tolerance = exact.bound(float(np.ptp(row)), dtype)
    exact.assert_relative(rest, others(row), tolerance, exact.smallest_normal(dtype))


def long_row(dtype, fill=0.0):
    return np.full(2 * CHUNK + 1, fill, dtype)


@dtypes
@places
def test_first_of_equal_maxima(dtype, place):
    row = long_row(dtype)
    row[place:] = 3
    assert told(row)[0] == place


@dtypes
@places
def test_nan_counts_as_the_largest(dtype, place):
    row = long_row(dtype)
    row[:3] = INF, 5, 7
    row[place] = row[-1] = NAN
    first, rest = told(row)
    assert first == place
    assert np.isnan(rest)


@dtypes
@places
def test_infinity_has_no_rest(dtype, place):
    row = long_row(dtype)
    row[place] = INF
    first, rest = told(row)
    assert first == place
    assert np.isnan(rest)


@dtypes
@pytest.mark.parametrize("classes", [1, 2, CHUNK, CHUNK + 1])
def test_nothing_but_masks_has_no_rest(dtype, classes):
    first, rest = told(np.full(classes, -INF, dtype))
    assert first == 0
    assert np.isnan(rest)


@dtypes
@places
def test_one_class_among_masks(dtype, place):
    """Chunks without any score are 0, and not 0/0."""
    row = long_row(dtype, -INF)
    row[place] = -1e30
    assert told(row) == (place, 0)
    gradient = label_rows(row[None], [place]).gradient[0]
    assert not gradient.any()


@dtypes
@places
def test_two_classes_among_masks(dtype, place):
    row = long_row(dtype, -INF)
    row[place] = row[5] = -1e30
    assert told(row) == (min(place, 5), 1)
    probabilities = -label_rows(row[None], [place]).gradient[0]
    assert probabilities[place] == 0.5
    assert probabilities[5] == -0.5
    assert np.count_nonzero(probabilities) == 2
