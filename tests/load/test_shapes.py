"""Shapes are steps that together last as long as a run is told."""

from __future__ import annotations

import pytest

from load.shapes import SHAPES, Step, step_at
from load.workloads import WORKLOADS


def users(shape: str, workload: str) -> list[int]:
    return [step.users for step in SHAPES[shape].steps(WORKLOADS[workload], None)]


def test_users_of_shapes():
    assert users("ramp", "tiny") == [1, 2, 4, 8, 16]
    assert users("ramp", "mixed") == [2, 4, 8, 16]
    assert users("spike", "tiny") == [1, 1, 16, 1, 1]
    assert users("steady", "language") == users("soak", "language") == [2] * 5


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("workload", WORKLOADS)
def test_steps_last_as_long_as_told(shape, workload):
    steps = SHAPES[shape].steps(WORKLOADS[workload], 60)
    assert sum(step.seconds for step in steps) == pytest.approx(60)
    assert all(step.users >= WORKLOADS[workload].least_users for step in steps)


def test_steps_too_short_to_be_measured_are_refused():
    with pytest.raises(ValueError, match="seconds: 2 are too few for 5 steps, at least 5"):
        SHAPES["steady"].steps(WORKLOADS["tiny"], 2)


@pytest.mark.parametrize(
    ("elapsed", "number"), [(0, 0), (1.9, 0), (2, 1), (4.9, 1), (5, None), (9, None)]
)
def test_step_of_a_moment(elapsed, number):
    assert step_at([Step(1, 2), Step(2, 3)], elapsed) == number
