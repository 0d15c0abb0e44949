"""Corners of the contract that have an answer."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp

from tests import exact
from tests.behaviour import problems
from tests.behaviour.problems import bits


@pytest.mark.parametrize("sum_of_targets", [0.0, 0.5, 1.0, 3.0])
def test_gradient_of_targets_of_any_sum(client, sum_of_targets):
    scores = np.array([[0.3, -1.0, 2.0]])
    targets = sum_of_targets * np.array([[0.5, 0.3, 0.2]])
    result = client.compute(scores=scores, targets=targets, want=["dscores", "probs", "loss"])
    total = targets.sum()
    np.testing.assert_allclose(result.dscores, total * result.probs - targets, atol=1e-15)
    assert result.denominator == 1


def test_gradient_of_targets_is_a_surprise(client):
    scores, targets = np.array([[0.3, -1.0, 2.0]]), np.array([[0.5, 0.3, 0.2]])
    want = ["dtargets", "log_partition"]
    result = client.compute(scores=scores, targets=targets, want=want)
    surprise = result.log_partition[:, None] - scores
    np.testing.assert_allclose(result.dtargets, surprise, rtol=1e-14)


@pytest.mark.parametrize(
    ("row", "lowest"), [([1, 3, 3], 1), ([0, 0, 0], 0), ([-1, -2, -1], 0), ([-0.0, 0.0, -0.0], 0)]
)
def test_ties_go_to_the_lowest_index(client, row, lowest):
    result = client.compute(scores=[row], labels=[0], want=["predictions", "accuracy"])
    np.testing.assert_array_equal(result.predictions, [lowest])
    assert result.accuracy == float(lowest == 0)


def test_huge_scores_of_float32(client):
    scores = np.array([[3e38, -3e38, 0], [-3e38, 3e38, 3e38], [3e38, 3e38, 3e38]], np.float32)
    want = ["row_losses", "dscores", "probs"]
    result = client.compute(scores=scores, labels=[0, 1, 2], reduction="sum", want=want)
    np.testing.assert_allclose(result.row_losses, [0, np.log(2), np.log(3)], rtol=1e-6)
    third = 1 / 3
    expected = [[0, 0, 0], [0, -0.5, 0.5], [third, third, -2 * third]]
    np.testing.assert_allclose(result.dscores, expected, rtol=1e-6, atol=0)


def test_huge_distance_in_float32_does_not_overflow_the_sum(client):
    scores = np.array([[3e38, -3e38]], np.float32)
    result = client.compute(scores=scores, labels=[1], want=["row_losses", "loss", "dscores"])
    assert result.loss == pytest.approx(6e38, rel=1e-6)
    np.testing.assert_array_equal(result.dscores, [[1, -1]])


@pytest.mark.parametrize("offset", [1e8, -1e8, 2.0**100, -(2.0**100)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_offsets_cost_no_digits(client, offset, dtype):
    scores = np.full((1, 3), offset, dtype)
    result = client.compute(scores=scores, labels=[1])
    exact.assert_relative(result.loss, mp.log(3), exact.bound(0, dtype), 1.0)
    np.testing.assert_allclose(result.dscores, [[1 / 3, -2 / 3, 1 / 3]], rtol=exact.bound(0, dtype))


def test_scores_are_used_where_h1_and_w2_are_sent_too(client):
    problem = problems.labelled("h1", rows=4, classes=3, seed=36)
    scores = problems.inputs("scores", rows=4, classes=3, seed=37)["scores"]
    want = ["loss", "dscores", "dw2", "db2", "dh1"]
    result = client.compute(**problem, scores=scores, reg=0.5, want=want)
    alone = client.compute(scores=scores, labels=problem["labels"])
    assert result.data_loss == alone.loss
    assert bits(result.dscores) == bits(alone.dscores)
    assert result.reg_loss == pytest.approx(0.25 * (problem["w2"] ** 2).sum(), rel=1e-14)
    dw2 = problem["h1"].T @ alone.dscores + 0.5 * problem["w2"]
    np.testing.assert_allclose(result.dw2, dw2, rtol=1e-13)
    np.testing.assert_allclose(result.db2, alone.dscores.sum(axis=0), atol=1e-16)
    np.testing.assert_allclose(result.dh1, alone.dscores @ problem["w2"].T, rtol=1e-13)


def test_default_answer_with_scores_h1_and_w2(client):
    problem = problems.labelled("h1", rows=2)
    scores = problems.inputs("scores", rows=2)["scores"]
    assert set(client.compute(**problem, scores=scores).arrays) == {"dscores", "dw2", "db2"}


def test_dw2_from_scores_and_h1_without_w2(client):
    problem = problems.labelled("scores", rows=3)
    h1 = problems.inputs("h1", rows=3)["h1"]
    result = client.compute(**problem, h1=h1, want=["dscores", "dw2", "db2"])
    np.testing.assert_allclose(result.dw2, h1.T @ result.dscores, rtol=1e-13, atol=1e-17)
