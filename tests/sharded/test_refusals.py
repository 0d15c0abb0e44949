"""What is wrong with a batch is told of the batch, and not of the part that it is in."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.errors import InvalidArgument, Violation
from lossgrad.sharded.findings import is_about_all, is_full, joined
from tests.behaviour import problems

ROWS = 64


def refusal(client, problem) -> InvalidArgument:
    with pytest.raises(InvalidArgument) as caught:
        client.compute(**problem)
    return caught.value


def spoiled(name: str, rows: list[int], value: float) -> dict:
    problem = problems.labelled("h1", rows=ROWS) | {"scores": np.zeros((ROWS, 4))}
    if name == "targets":
        problem["targets"] = np.full((ROWS, 4), 0.25)
        del problem["labels"]
    problem[name][rows, 1] = value
    return problem | {"want": ["loss", "dh1", "dw2"]}


@pytest.mark.parametrize("rows", [[3], [40], [0, 20, 63], list(range(12, 60, 4))], ids=str)
@pytest.mark.parametrize(
    ("name", "value"), [("scores", np.nan), ("h1", np.inf), ("targets", -0.5), ("targets", np.nan)]
)
def test_values_are_named_by_their_row_in_the_batch(sharded, single, name, value, rows):
    problem = spoiled(name, rows, value)
    mine, expected = refusal(sharded, problem), refusal(single, problem)
    assert mine.violations == expected.violations
    assert str(mine) == str(expected)


def test_several_things_wrong_in_several_parts(sharded, single):
    problem = spoiled("h1", [50], np.nan)
    problem["scores"][[2, 33], 0] = np.inf
    mine, expected = refusal(sharded, problem), refusal(single, problem)
    assert set(mine.violations) == set(expected.violations)


def test_labels_and_weights(sharded, single):
    problem = problems.labelled("scores", rows=ROWS)
    problem["labels"][[9, 60]] = 4
    problem["sample_weights"] = np.where(np.arange(ROWS) == 61, np.nan, 1.0)
    assert refusal(sharded, problem).violations == refusal(single, problem).violations


@pytest.mark.parametrize("name", ["w2", "b2"])
def test_what_all_parts_have_in_common_is_told_once(sharded, single, name):
    problem = problems.labelled("h1", rows=ROWS)
    problem[name][..., 2] = np.nan
    assert refusal(sharded, problem).violations == refusal(single, problem).violations


def test_the_next_call_is_right(sharded):
    refusal(sharded, spoiled("scores", [40], np.nan))
    assert sharded.compute(scores=[[0.0, 0.0]] * 4, labels=[1] * 4).loss == pytest.approx(np.log(2))


def refused(field: str, rule: str, *rows: int) -> InvalidArgument:
    entries = ", ".join(f"({row}, 1) is nan" for row in rows)
    return InvalidArgument.of([Violation(field, f"{rule}; (row, column) {entries}")])


def test_joining_stops_once_enough_is_named():
    full = refused("scores", "must be finite", *range(8))
    text = str(joined({100: full, 0: refused("scores", "must be finite", 1, 2)}))
    assert [f"({row}, 1)" in text for row in (1, 2, 100, 105, 106)] == [True] * 4 + [False]
    behind = {0: full, 8: refused("h1", "must be finite", 0)}
    assert [violation.field for violation in joined(behind).violations] == ["scores"]


def test_what_a_refusal_says_of_the_other_parts():
    assert is_full(refused("scores", "must be finite", *range(8)))
    assert not is_full(refused("scores", "must be finite", 1))
    assert is_about_all(refused("w2", "must be finite", 1))
    assert is_about_all(InvalidArgument("client: is closed"))
    assert not is_about_all(refused("x", "must be finite", 1))
