"""The answer of several servers beside that of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossgrad import Result
from lossgrad.types.quantities import OUTPUTS

ULP = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


def assert_alike(sharded: Result, single: Result, parts: int) -> None:
    """Hold rows to the same bits, and sums to the last digits of what was asked for."""
    assert sharded.scalars.keys() == single.scalars.keys()
    assert sharded.arrays.keys() == single.arrays.keys()
    for name in ("denominator", "n_rows", "n_ignored", "reg_loss"):
        assert_equal(getattr(sharded, name), getattr(single, name), name)
    for name in ("loss", "data_loss", "z_loss"):
        assert_near(getattr(sharded, name), getattr(single, name), 8 * ULP["float64"], name)
    if "accuracy" in single:
        assert_equal(sharded.accuracy, single.accuracy, "accuracy")
    for name, array in single.arrays.items():
        other = sharded.arrays[name]
        assert other.dtype == array.dtype, name
        if OUTPUTS[name].has_rows:
            assert_equal(other, array, name)
        else:
            # Each part's sum is rounded once, and the sum of them.
            assert_near(other, array, (parts + 8) * ULP[array.dtype.name], name)


def assert_equal(actual: Any, expected: Any, name: str) -> None:
    assert np.asarray(actual).shape == np.asarray(expected).shape, name
    assert _bits(actual) == _bits(expected), name


def _bits(numbers: Any) -> bytes:
    """Return the bytes of an array; a NaN is a NaN, whatever its sign."""
    array = np.asarray(numbers)
    if array.dtype.kind not in "iub":
        array = np.where(np.isnan(array), array.dtype.type(np.nan), array)
    return array.tobytes()


def assert_near(actual: Any, expected: Any, share: float, name: str) -> None:
    """Hold numbers to a share of the largest: in a sum others may have cancelled out."""
    actual, expected = (np.asarray(each).astype(np.float64) for each in (actual, expected))
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=1.0)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=share * scale, err_msg=name)
