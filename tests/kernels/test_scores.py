from __future__ import annotations

import numpy as np
import pytest

from lossgrad_service.kernels import scores

F64 = np.dtype(np.float64)


def test_the_first_of_equal_maxima_counts():
    first, maximum = scores.first_maximum(np.array([[1.0, 3.0, 3.0], [-np.inf, -2.0, -2.0]]))
    np.testing.assert_array_equal(first, [1, 1])
    np.testing.assert_array_equal(maximum, [3.0, -2.0])


@pytest.mark.parametrize("row", [[0, np.nan], [np.inf, 1], [-np.inf, -np.inf]])
def test_the_maximum_tells_rows_without_an_answer(row):
    _, maximum = scores.first_maximum(np.array([row]))
    assert not np.isfinite(maximum[0])


@pytest.mark.parametrize("softcap", [None, 5.0])
@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_minus_infinity_is_a_mask_under_any_transformation(temperature, softcap):
    row, maximum = np.array([[2.0, -np.inf, -1.0]]), np.array([2.0])
    below = scores.below_maximum(row, maximum, temperature, softcap, F64)
    assert below[0, 0] == 0
    assert below[0, 1] == -np.inf
    assert -3 <= below[0, 2] < 0


def test_the_mask_has_no_slope():
    slopes = scores.cap_slope(np.array([[0.0, -np.inf, 1e6]]), 1.0, 3.0)
    np.testing.assert_array_equal(slopes, [[1.0, 0.0, 0.0]])


@pytest.mark.parametrize(("low", "high"), [(-3.0, 4.0), (2.0, 2.5), (-9.0, -8.0), (0.0, 0.0)])
def test_softcap_is_a_difference_of_tanh(low, high):
    below = scores.below_maximum(np.array([[low]]), np.array([high]), 1.5, 4.0, F64)
    expected = 4 * (np.tanh(low / 6) - np.tanh(high / 6))
    assert below[0, 0] == pytest.approx(expected, rel=1e-13, abs=0)


def test_softcap_far_beyond_the_cap_still_tells_scores_apart():
    """tanh is 1 to all digits of float64 at both; the difference is 2κ(e^{−2v} − e^{−2w})."""
    below = scores.below_maximum(np.array([[80.0]]), np.array([90.0]), 1.0, 2.0, F64)
    assert below[0, 0] == pytest.approx(-4 * (np.exp(-80.0) - np.exp(-90.0)), rel=1e-12, abs=0)


def test_largest():
    m = np.array([3.0, -2.0])
    np.testing.assert_allclose(scores.largest(m, 2.0, None, F64), m / 2)
    np.testing.assert_allclose(scores.largest(m, 2.0, 5.0, F64), 5 * np.tanh(m / 10), rtol=1e-15)
