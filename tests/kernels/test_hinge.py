"""The hinge loss against fractions, which are exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad_service.kernels.arrays import frozen
from lossgrad_service.kernels.rows import hinge
from tests import exact
from tests.kernels.errors import dtypes, quick

NAN, INF = np.nan, np.inf
SENTINEL = -77.0


def hinged(rows, labels, margin=1.0, *, counted=None, pull=1.0, with_gradient=True):
    """Return L of some rows, and its gradient."""
    rows, n_rows = np.asarray(rows), len(rows)
    totals = np.full(n_rows, SENTINEL)
    gradient = np.full_like(rows, SENTINEL) if with_gradient else None
    live = frozen(np.ones(n_rows, bool) if counted is None else np.asarray(counted))
    hinge.hinge_rows(
        frozen(rows),
        frozen(np.asarray(labels, np.intp)),
        live,
        live,
        frozen(np.full(n_rows, pull)),
        margin,
        totals,
        np.empty(rows.shape[1]),
        gradient,
    )
    return totals, gradient


def excesses(row, label, margin):
    """Return s − s_y + margin of each class but the label, exactly."""
    own = Fraction(float(row[label]))
    return {
        j: Fraction(float(score)) - own + Fraction(margin)
        for j, score in enumerate(row)
        if j != label and score > -INF
    }


def assert_right(row, label, margin):
    totals, gradient = hinged(row[None], [label], margin)
    above = {j: excess for j, excess in excesses(row, label, margin).items() if excess > 0}
    finite = row[np.isfinite(row)].astype(float)
    tolerance = exact.bound(float(np.ptp(finite)), row.dtype)
    total = sum(above.values(), Fraction(0))
    assert abs(Fraction(float(totals[0])) - total) <= Fraction(tolerance) * total
    expected = np.zeros(row.size)
    expected[list(above)] = 1
    expected[label] = -len(above)
    np.testing.assert_array_equal(gradient[0], expected)


scores = st.floats(-1e3, 1e3, width=32)


@dtypes
@given(
    row=st.lists(st.one_of(scores, st.just(-INF)), min_size=1, max_size=9),
    own=scores,
    place=st.integers(0, 8),
    margin=st.sampled_from([0.0, 1.0, 0.1, 1000.0]),
)
@quick
def test_loss_and_gradient(dtype, row, own, place, margin):
    label = min(place, len(row) - 1)
    row[label] = own
    assert_right(np.array(row, dtype), label, margin)


@dtypes
@pytest.mark.parametrize("size", [1, 1e-20, 0])
def test_kink(dtype, size):
    """Behind by the margin exactly; the next number, be it the smallest, makes the difference."""
    behind = dtype(size)
    ends = [np.nextafter(behind, dtype(end)) for end in (INF, -INF)]
    row = np.array([1 + size, behind, *ends], dtype)
    margin = float(row[0]) - float(behind)
    assert_right(row, 0, margin)


@dtypes
def test_excess_that_cancels(dtype):
    """Rounded one after the other, the two sums would give 0."""
    behind = float(dtype(1e-10))
    totals, gradient = hinged(np.array([[1e8, behind]], dtype), [0], 1e8)
    assert totals[0] == behind
    np.testing.assert_array_equal(gradient[0], [-1, 1])


@dtypes
@pytest.mark.parametrize("classes", [1000, 4097, 100_000])
def test_terms_that_are_all_rounded_the_same_way(dtype, classes):
    """Equal terms lose the same at each step of a long sum: the errors do not even out."""
    for excess in np.random.default_rng(0).random(20):
        row = np.full(classes, excess, dtype)
        row[classes // 2] = 0
        totals, _ = hinged(row[None], [classes // 2], with_gradient=False)
        total = (classes - 1) * (Fraction(float(row[0])) + 1)
        tolerance = Fraction(exact.bound(float(row[0]), dtype))
        assert abs(Fraction(float(totals[0])) - total) <= tolerance * total


@dtypes
@pytest.mark.parametrize(
    ("row", "loss"),
    [([0, INF, 0], INF), ([-INF, 0, 0], INF), ([INF, 0, 0], 0), ([0, NAN, 0], NAN)],
)
def test_infinity_and_nan(dtype, row, loss):
    totals, gradient = hinged(np.array([row], dtype), [0])
    np.testing.assert_array_equal(totals, [loss])
    assert np.isnan(gradient[0]).all() == np.isnan(loss)


@dtypes
@pytest.mark.parametrize("row", [[0, NAN, 0], [NAN, 0, 0], [0, 2, 3]], ids=str)
def test_a_row_that_does_not_count_is_not_touched(dtype, row):
    totals, gradient = hinged(np.array([row, [0, 2, -3]], dtype), [0, 0], counted=[False, True])
    np.testing.assert_array_equal(totals, [SENTINEL, 3])
    np.testing.assert_array_equal(gradient, [[0, 0, 0], [-1, 1, 0]])


@dtypes
def test_gradient_is_pulled(dtype):
    _, gradient = hinged(np.array([[0, 2, 3, -9]], dtype), [0], pull=-0.25)
    np.testing.assert_array_equal(gradient[0], [0.5, -0.25, -0.25, 0])


@dtypes
def test_margin_of_a_label_alone_is_no_violation(dtype):
    totals, gradient = hinged(np.array([[5]], dtype), [0])
    assert totals[0] == 0
    assert gradient.tobytes() == bytes(gradient.nbytes)  # +0, not −0


def test_weight_of_0_covers_an_infinite_loss_and_not_nan():
    with np.errstate(invalid="ignore"):
        losses = hinge.losses(np.array([INF, NAN, 2.0]), np.array([0.0, 0.0, 3.0]))
    np.testing.assert_array_equal(losses, [0, NAN, 6])
