"""The derivations' own codes against the service."""

from __future__ import annotations

import numpy as np
import pytest

from tests import twins
from tests.behaviour import problems

pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")

FIRST = [twins.two_loops, twins.one_loop, twins.vectorised]


@pytest.mark.parametrize("twin", FIRST)
def test_gradient_of_the_scores(client, twin):
    problem = problems.labelled("scores", rows=6, classes=5)
    result = client.compute(**problem)
    expected = twin(problem["scores"], problem["labels"])
    np.testing.assert_allclose(result.dscores, expected, rtol=0, atol=1e-15)


def test_loss(client):
    problem = problems.labelled("scores", rows=6, classes=5)
    expected = twins.mean_loss(problem["scores"], problem["labels"])
    assert client.compute(**problem).loss == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("twin", FIRST)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_twins_overflow_where_the_service_does_not(client, twin):
    scores, labels = np.array([[710.0, 0.0, 709.0]]), np.array([0])
    assert np.isnan(twin(scores, labels)).any()
    result = client.compute(scores=scores, labels=labels)
    assert result.loss == pytest.approx(np.log1p(np.exp(-1)), rel=1e-15)
    shifted = twin(scores - 710, labels)
    np.testing.assert_allclose(result.dscores, shifted, rtol=1e-14, atol=0)


@pytest.mark.parametrize("twin", FIRST)
def test_twins_still_hold_just_below_the_edge(client, twin):
    scores, labels = np.array([[708.0, 0.0, 708.5]]), np.array([0])
    result = client.compute(scores=scores, labels=labels)
    np.testing.assert_allclose(twin(scores, labels), result.dscores, rtol=1e-12, atol=1e-15)


def test_the_vectorised_code_leaks_a_matrix(client):
    problem = problems.labelled("scores", rows=4, classes=4)
    leaked = twins.vectorised_leaky(problem["scores"], problem["labels"])
    array = client.compute(**problem).dscores
    assert type(leaked) is np.matrix
    assert type(array) is np.ndarray
    assert leaked[0].shape == (1, 4)
    assert array[0].shape == (4,)
    np.testing.assert_allclose(leaked * leaked, array @ array, rtol=0, atol=1e-15)
    assert not np.allclose(leaked * leaked, array * array)


@pytest.mark.parametrize("reg", [0.0, 0.1])
def test_two_layer_net(client, reg):
    problem = problems.labelled("x", rows=7, classes=4, hidden=6, width=3)
    expected = twins.two_layer_net(*_in_order(problem), reg=reg)
    result = client.compute(**problem, reg=reg, want=list(expected))
    assert result.loss == pytest.approx(expected.pop("loss"), rel=1e-14)
    for name, value in expected.items():
        np.testing.assert_allclose(result.arrays[name], value, rtol=0, atol=1e-14, err_msg=name)


def _in_order(problem):
    return [problem[name] for name in ("x", "w1", "b1", "w2", "b2", "labels")]


def test_bias_gradient_is_a_column_sum_and_not_one(client):
    problem = problems.labelled("h1")
    result = client.compute(**problem, want=["dscores", "db2"])
    np.testing.assert_allclose(result.db2, np.ones(5) @ result.dscores, rtol=0, atol=1e-15)
    assert result.db2.shape == (4,)


@pytest.mark.parametrize("reg", [0.0, 0.05])
def test_linear_classifier(client, reg):
    problem = problems.labelled("h1", rows=8, hidden=5, with_biases=False)
    loss, dw = twins.linear_classifier(problem["h1"], problem["w2"], problem["labels"], reg)
    result = client.compute(**problem, reg=reg, reg_convention="full")
    assert result.loss == pytest.approx(loss, rel=1e-14)
    np.testing.assert_allclose(result.dw2, dw, rtol=0, atol=1e-14)


def test_linear_classifier_survives_large_scores(client):
    x, w, labels = np.array([[1000.0], [-1000.0]]), np.array([[1.0, 0.9]]), np.array([0, 1])
    loss, dw = twins.linear_classifier(x, w, labels, 0.0)
    result = client.compute(h1=x, w2=w, labels=labels)
    assert result.loss == pytest.approx(np.exp(-100), rel=1e-12)
    assert loss == 0, "the twin rounds the confident rows away"
    np.testing.assert_allclose(result.dw2, dw, rtol=0, atol=1e-12)
