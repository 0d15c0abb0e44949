"""Leading axes may be empty; classes, hidden units and inputs may not.

An empty axis lets the other axis of an array be any number without a byte to show
for it: w2 of shape (0, 10¹⁰) is a request of a few bytes for rows of 80 GB.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lossgrad

HUGE = 10**10

EMPTY = {
    "scores": ({"scores": np.empty((1, 0)), "labels": [0]}, "C"),
    "h1": ({"h1": np.empty((1, 0)), "w2": np.empty((0, HUGE)), "labels": [0]}, "D"),
    "x": (
        {
            "x": np.empty((1, 0)),
            "w1": np.empty((0, HUGE)),
            "w2": np.empty((HUGE, 0)),
            "labels": [0],
        },
        "P",
    ),
}


@pytest.mark.parametrize("field", EMPTY)
def test_an_empty_axis_is_refused(client: Any, field: str) -> None:
    arguments, axis = EMPTY[field]
    with pytest.raises(lossgrad.InvalidArgument) as caught:
        client.compute(**arguments, want=["loss"])
    expected = lossgrad.Violation(field, f"{axis} must be at least 1, got 0")
    assert expected in caught.value.violations


def test_no_rows_of_any_number_of_classes_cost_nothing(client: Any) -> None:
    result = client.compute(scores=np.empty((0, HUGE)), labels=np.empty(0, int), want=["loss"])
    assert (result.loss, result.n_rows) == (0.0, 0)
