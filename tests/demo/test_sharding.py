"""Shards add up to the whole mini-batch; computed in process, where the service's core is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lossgrad import Client
from lossgrad.types import Result
from lossgrad_service.demo.data import Digits, Rows
from lossgrad_service.demo.model import Model, Parameters
from lossgrad_service.demo.sharding import (
    all_predictions,
    gradient_problems,
    recognition_problems,
    total_accuracy,
    total_gradients,
    total_loss,
)

SHARDS = pytest.mark.parametrize("shards", [2, 3, 7, 50])


@pytest.fixture(scope="module")
def local() -> Iterator[Client]:
    with Client("local:") as client:
        yield client


@pytest.fixture
def parameters(model: Model) -> Parameters:
    return model.initialise(np.random.default_rng(3))


@pytest.fixture
def batch(digits: Digits) -> Rows:
    return digits.train.take(np.arange(29))


@pytest.fixture
def whole(local: Client, model: Model, parameters: Parameters, batch: Rows) -> Result:
    """The mini-batch in one call, written out by hand."""
    rows = {model.rows_as: batch.images, "labels": batch.labels}
    return local.compute(**rows, **parameters, reg=model.reg, reg_convention=model.reg_convention)


@pytest.fixture
def answers(
    local: Client, model: Model, parameters: Parameters, batch: Rows, shards: int
) -> list[Result]:
    problems = gradient_problems(model, parameters, batch, shards)
    return [local.compute(**problem) for problem in problems]


@SHARDS
def test_losses_add_up(whole: Result, answers: list[Result]) -> None:
    assert total_loss(answers) == pytest.approx(whole.loss, rel=1e-13)


@SHARDS
def test_gradients_add_up(whole: Result, answers: list[Result], parameters: Parameters) -> None:
    total = total_gradients(parameters, answers)
    assert total.keys() == parameters.keys()
    for name, gradient in total.items():
        np.testing.assert_allclose(
            gradient, getattr(whole, f"d{name}"), rtol=1e-12, atol=1e-16, err_msg=name
        )


@SHARDS
def test_penalty_is_counted_once(
    answers: list[Result], model: Model, parameters: Parameters
) -> None:
    squares = sum(
        float(np.sum(parameters[name] ** 2)) for name in ("w1", "w2") if name in parameters
    )
    factor = {"half": 0.5, "full": 1.0}[model.reg_convention]
    penalties = [answer.reg_loss for answer in answers]
    assert penalties[0] == pytest.approx(model.reg * factor * squares, rel=1e-13)
    assert not any(penalties[1:])


@SHARDS
def test_recognition_of_the_parts_is_that_of_the_whole(
    local: Client, model: Model, parameters: Parameters, batch: Rows, shards: int
) -> None:
    rows = {model.rows_as: batch.images, "labels": batch.labels}
    whole = local.compute(**rows, **parameters, want=["accuracy", "predictions"])
    problems = recognition_problems(model, parameters, batch, shards)
    answers = [local.compute(**problem) for problem in problems]
    assert total_accuracy(answers) == pytest.approx(whole.accuracy, rel=1e-13)
    np.testing.assert_array_equal(all_predictions(answers), whole.predictions)
