"""The end of one attempt, and what is said then."""

from __future__ import annotations

import itertools

import pytest

from lossgrad import DeadlineExceeded, deadline


def test_no_time_is_left_after_the_end(monkeypatch):
    ticks = itertools.chain([100.0, 102.9, 103.0], itertools.repeat(104.0))
    monkeypatch.setattr(deadline.time, "monotonic", lambda: next(ticks))
    of_three_seconds = deadline.Deadline(3.0)
    assert of_three_seconds.remaining() == pytest.approx(0.1)
    for _ in range(2):
        with pytest.raises(DeadlineExceeded, match=r"^no answer within 3 s$"):
            of_three_seconds.remaining()
