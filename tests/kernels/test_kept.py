"""What small problems do not make anew."""

import numpy as np
import pytest

from lossgrad.types import Problem
from lossgrad_service.core.plan import Plan
from lossgrad_service.core.rows import every


def problem(**options):
    return Problem.of({"scores": np.zeros((2, 3)), "labels": [0, 1]} | options)


def test_like_problems_have_one_plan():
    assert Plan.of(problem()) is Plan.of(problem())


def test_a_plan_is_for_its_options_and_threads():
    plan = Plan.of(problem())
    assert Plan.of(problem(temperature=2.0)).scaling != plan.scaling
    assert Plan.of(problem(), threads=2).threads == 2


@pytest.mark.parametrize("n", [1, 4096, 4097])
@pytest.mark.parametrize(("number", "dtype"), [(1.0, np.float64), (0, np.intp), (True, bool)])
def test_like_numbers_are_read_only_however_many(number, dtype, n):
    numbers = every(number, n)
    np.testing.assert_array_equal(numbers, np.full(n, number, dtype), strict=True)
    assert not numbers.flags.writeable
