"""Steps that a mistake shares with the right ones are those that it does not change."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pytest

from lossgrad.types import Problem
from lossgrad.types.check import CHECKABLE
from lossgrad_service.checking.batch import Batch, in_float64
from lossgrad_service.checking.mistakes import SINGLE, planted
from lossgrad_service.checking.steps import Steps, common, steps_of
from tests.checking.drawing import problem

LAST = {"loss", "dw2", "db2", "dw1", "db1", "dx", "dtargets"}


def right_of(seed: int) -> Steps:
    batch = Batch.of(in_float64(Problem.of(problem(seed)), ("loss",)), 5.0)
    return steps_of(batch)(batch)


def quantities(steps: Steps) -> dict[str, np.ndarray]:
    sent = steps.batch.problem.inputs
    needed = {"dw2": "w2", "dh1": "w2", "dw1": "x", "db1": "x", "dx": "x", "dtargets": "targets"}
    names = [name for name in CHECKABLE if needed.get(name, "labels") in {*sent, "labels"}]
    return {name: steps.quantity(name) for name in names}


@pytest.mark.parametrize("seed", [0, 1, 2, 5])
def test_every_step_has_its_place(seed):
    kind = type(right_of(seed))
    steps = {name for name in dir(kind) if isinstance(getattr(kind, name), cached_property)}
    assert steps - LAST <= set(common.IN_ORDER)


@np.errstate(all="ignore")
@pytest.mark.parametrize("seed", range(12))
def test_a_mistake_that_begins_as_the_right_steps_ends_as_one_that_does_not(seed):
    right = right_of(seed)
    quantities(right)
    for mistake in SINGLE:
        if mistake.is_possible(right.batch):
            begun = quantities(planted((mistake,), right))
            alone = quantities(planted((mistake,), right_of(seed)))
            for name, numbers in alone.items():
                np.testing.assert_array_equal(begun[name], numbers, f"{mistake.code} {name}")
