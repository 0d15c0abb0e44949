"""A mean over nothing: no rows, none that counts, or weights that add up to 0."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.errors import InvalidArgument
from tests.behaviour import problems
from tests.behaviour.problems import FORMS, ROWS, SUMS


def no_rows(form):
    return problems.labelled(form, rows=0)


def every_row_ignored(form):
    return problems.labelled(form) | {"labels": np.full(5, -1), "ignore_index": -1}


def every_weight_zero(form):
    return problems.labelled(form) | {"sample_weights": np.zeros(5)}


def weights_that_cancel(form):
    return problems.labelled(form, rows=2) | {"sample_weights": [1.5, -1.5]}


def class_weights_of_zero(form):
    return problems.labelled(form) | {"class_weights": np.zeros(4)}


EMPTY = [
    no_rows,
    every_row_ignored,
    every_weight_zero,
    weights_that_cancel,
    class_weights_of_zero,
]


@pytest.mark.parametrize("make", EMPTY)
@pytest.mark.parametrize("form", FORMS)
def test_empty_mean_is_zero(client, form, make):
    problem = make(form) | {"z_loss": 0.1}
    result = client.compute(**problem, want=["loss", *ROWS[form], *SUMS[form]])
    assert result.denominator == 0
    assert (result.loss, result.data_loss, result.z_loss) == (0, 0, 0)
    for name, value in result.arrays.items():
        assert not value.any(), name
        assert np.isfinite(value).all(), name


@pytest.mark.parametrize("make", EMPTY)
@pytest.mark.parametrize("form", ["h1", "x"])
def test_empty_mean_keeps_the_penalty(client, form, make):
    problem = make(form)
    result = client.compute(**problem, reg=0.25)
    assert result.loss == result.reg_loss > 0
    np.testing.assert_array_equal(result.dw2, 0.25 * problem["w2"])
    if form == "x":
        np.testing.assert_array_equal(result.dw1, 0.25 * problem["w1"])


@pytest.mark.parametrize("make", EMPTY)
def test_empty_mean_of_targets(client, make):
    problem = make("scores")
    labels = problem.pop("labels")
    problem.pop("ignore_index", None)
    weights = {"sample_weights": np.zeros(len(labels))} | problem
    if make is class_weights_of_zero:
        weights |= {"sample_weights": np.ones(len(labels))}
    result = client.compute(**weights, targets=np.full((len(labels), 4), 0.25))
    assert result.loss == 0
    assert not result.dscores.any()


@pytest.mark.parametrize("make", EMPTY)
def test_empty_mean_of_hinge(client, make):
    result = client.compute(**make("scores"), loss="hinge")
    assert (result.loss, result.denominator) == (0, 0)
    assert not result.dscores.any()


@pytest.mark.parametrize("make", EMPTY)
def test_empty_mean_may_be_nan(client, make):
    result = client.compute(**make("h1"), empty_mean="nan", reg=0.5)
    assert np.isnan(result.loss)
    assert np.isnan(result.data_loss)
    assert result.reg_loss > 0
    assert result.denominator == 0


def test_empty_mean_nan_leaves_dead_rows_at_zero(client):
    problem = problems.labelled("scores", rows=3) | {"sample_weights": [1.0, -1.0, 0.0]}
    result = client.compute(**problem, empty_mean="nan")
    assert np.isnan(result.dscores[:2]).all()
    assert not result.dscores[2].any()


@pytest.mark.parametrize("make", EMPTY)
def test_empty_mean_may_be_an_error(client, make):
    with pytest.raises(InvalidArgument, match="empty_mean"):
        client.compute(**make("scores"), empty_mean="error")
    assert client.compute(**problems.labelled("scores"), empty_mean="error").denominator == 5


@pytest.mark.parametrize("poison", [np.nan, np.inf], ids=str)
def test_empty_mean_is_zero_whatever_propagates(client, poison):
    problem = weights_that_cancel("h1") | {"nonfinite": "propagate"}
    problem["h1"][0] = poison
    result = client.compute(**problem, want=["loss", *ROWS["h1"], *SUMS["h1"]])
    assert result.loss == 0
    for name, value in result.arrays.items():
        assert not value.any(), name


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_sum_over_no_rows_is_zero(client, reduction):
    result = client.compute(**no_rows("h1"), reduction=reduction, empty_mean="nan")
    assert (result.loss, result.denominator, result.n_rows) == (0, 1, 0)
    assert not result.dw2.any()


def test_given_denominator_is_never_empty(client):
    result = client.compute(**every_row_ignored("scores"), denominator=4.0, empty_mean="nan")
    assert (result.loss, result.denominator, result.n_ignored) == (0, 4, 5)
