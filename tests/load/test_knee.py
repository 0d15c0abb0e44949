"""The knee is where throughput over latency is greatest."""

from __future__ import annotations

from load.knee import busiest, knee
from tests.load.drawing import RAMP, row


def test_knee_is_before_the_greatest_throughput():
    assert knee(RAMP) == RAMP[1]
    assert busiest(RAMP) == RAMP[2]


def test_step_without_answers_is_no_knee():
    silent = row(users=16, calls_per_second=0.0, mean_ms=float("nan"))
    assert knee([silent, *RAMP]) == knee(RAMP)
    assert knee([silent]) is None
    assert busiest([silent]) is None
