"""Contract §5 with many classes: long sums, and rows that are taken in chunks.

Wide rows hold few different scores, so that the exact answer is quick, and some of their
entries are looked at.
"""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad_service.kernels.rows.partition import CHUNK
from tests.kernels.errors import dtypes, worst_error

WIDTHS = [1000, 32_000, 128_256]


def row_of(classes, deviation, dtype, different=300):
    """Return a row of normal scores of which few are different."""
    rng = np.random.default_rng(classes + deviation)
    return rng.choice((deviation * rng.normal(size=different)).astype(dtype), classes)


def some_entries(*which, classes):
    """Return these entries, the ends of chunks, and some more."""
    ends = [end + j for end in range(0, classes, CHUNK) for j in (-1, 0)]
    more = np.random.default_rng(0).integers(0, classes, 20)
    return sorted({*which, *more.tolist(), *ends[1:], classes - 1})


def worst_of_row(row, label, **options):
    entries = some_entries(label, int(row.argmax()), classes=row.size)
    return worst_error(row[None], [label], entries=entries, **options)


@dtypes
@pytest.mark.parametrize("deviation", [1, 10, 30, 100])
@pytest.mark.parametrize("classes", WIDTHS)
def test_normal_scores(within, dtype, classes, deviation):
    row = row_of(classes, deviation, dtype)
    for label in (int(row.argmax()), 3):
        within(f"{classes} classes {dtype.__name__}", worst_of_row(row, label))


@dtypes
@pytest.mark.parametrize("options", [{"label_smoothing": 0.1}, {"z_loss": 1e-3}], ids=str)
@pytest.mark.parametrize("classes", WIDTHS)
def test_soft_losses(within, dtype, classes, options):
    error = worst_of_row(row_of(classes, 5, dtype), 3, **options)
    within(f"{classes} classes, soft {dtype.__name__}", error)


@dtypes
@pytest.mark.parametrize("options", [{"temperature": 0.7}, {"softcap": 20.0}], ids=str)
def test_scaled_scores(within, dtype, options):
    error = worst_of_row(row_of(2 * CHUNK + 1, 30, dtype), 3, **options)
    within(f"chunks of scaled scores {dtype.__name__}", error)


def above_equals(classes, gap, dtype, place=0):
    """Return a row of one maximum above scores that are all the same."""
    row = np.zeros(classes, dtype)
    row[place] = gap
    return row


@dtypes
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}], ids=str)
@pytest.mark.parametrize("classes", [1000, CHUNK, CHUNK + 1])
def test_terms_that_are_all_rounded_the_same_way(within, dtype, classes, options):
    """Equal terms lose the same at each step of a long sum: the errors do not even out."""
    for gap in np.random.default_rng(5).uniform(0, 1, 20):
        for label in (0, 1):
            error = worst_of_row(above_equals(classes, gap, dtype), label, **options)
            within(f"equal terms {dtype.__name__}", error)


@dtypes
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}], ids=str)
def test_very_many_terms_that_are_all_rounded_the_same_way(within, dtype, options):
    for gap in (0.3, 0.7, 0.9):
        error = worst_of_row(above_equals(128_256, gap, dtype), 0, **options)
        within(f"very many equal terms {dtype.__name__}", error)


@pytest.mark.parametrize("gap", [0.07125592731564885, 0.5694566284090948])
def test_very_many_chunks_that_are_all_rounded_the_same_way(within, gap):
    """What the chunks add up to loses the same for each of them, too."""
    row = above_equals(62 * CHUNK, gap, np.float64)
    within("very many equal chunks float64", worst_of_row(row, 0))


@dtypes
@pytest.mark.parametrize("label", [0, CHUNK - 1, CHUNK, 2 * CHUNK])
@pytest.mark.parametrize("place", [0, CHUNK - 1, CHUNK, 2 * CHUNK])
def test_maximum_and_label_in_any_chunk(within, dtype, place, label):
    """A confident row, right and wrong."""
    row = above_equals(2 * CHUNK + 1, 40.0, dtype, place)
    within(f"confident chunks {dtype.__name__}", worst_of_row(row, label))


@dtypes
def test_chunks_far_apart(within, dtype):
    """Each chunk has its own reference: the last is 170 below the first, and 1e8 from 0."""
    row = np.repeat(np.array([1e8, 1e8 - 8, 1e8 - 96, 1e8 - 168]), CHUNK).astype(dtype)
    row += np.tile(np.array([0, 8], dtype), row.size // 2)
    for label in (1, 0, CHUNK, row.size - 1):
        within(f"chunks far apart {dtype.__name__}", worst_of_row(row, label))


@dtypes
def test_chunk_of_masks(within, dtype):
    row = row_of(3 * CHUNK, 5, dtype)
    row[CHUNK : 2 * CHUNK] = -np.inf
    for options in ({}, {"label_smoothing": 0.1}):
        within(f"chunk of masks {dtype.__name__}", worst_of_row(row, 3, **options))
