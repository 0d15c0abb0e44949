"""Right gradients are found right: no band is wrong, no diagnosis fires."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.types import Problem
from lossgrad.types.check import CHECKABLE, CheckRequest
from lossgrad.types.dtypes import bfloat16
from lossgrad_service import core
from lossgrad_service.checking import check
from tests.checking.drawing import problem
from tests.checking.student import in_dtype, right

pytestmark = pytest.mark.usefixtures("one_direction")

BATCHES, OF_EACH = 10, 50


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch", range(BATCHES))
def test_plain_numpy_is_good(batch, dtype):
    for seed in range(batch * OF_EACH, (batch + 1) * OF_EACH):
        arguments = in_dtype(problem(seed), dtype)
        with np.errstate(invalid="ignore"):
            found = check(CheckRequest.of(arguments, right(arguments)))
        assert found.ok, f"{seed}: {found}"
        assert {each.band for each in found.comparisons} <= {"good"}, f"{seed}: {found}"
        assert {each.band for each in found.verifications} <= {"good"}, f"{seed}: {found}"


@pytest.mark.parametrize("dtype", [np.float16, bfloat16()])
@pytest.mark.parametrize("batch", range(4))
def test_arithmetic_in_16_bits_is_not_wrong(batch, dtype):
    for seed in range(batch * OF_EACH, (batch + 1) * OF_EACH):
        arguments = in_dtype(problem(seed), dtype)
        with np.errstate(all="ignore"):
            own = right(arguments)
        found = check(CheckRequest.of(arguments, own))
        assert found.ok, f"{seed}: {found}"


@pytest.mark.parametrize("dtype", ["f16", "f32", "f64"])
def test_our_own_are_good(dtype):
    for seed in range(60):
        arguments = problem(seed)
        own = set(CHECKABLE) & set(right(arguments))
        wanted = arguments | {"want": own | {"loss"}, "gradient_dtype": dtype}
        answer = core.compute(Problem.of(wanted))
        found = check(CheckRequest.of(arguments, {name: getattr(answer, name) for name in own}))
        assert found.ok, f"{seed}: {found}"
