"""What is answered: by default, and when asked for."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.types.quantities import OUTPUTS, SCALARS
from tests.behaviour import problems

ALWAYS = set(SCALARS) - {"accuracy"}
DEFAULTS = {
    "scores": {"dscores"},
    "h1": {"dw2", "db2"},
    "x": {"dw2", "db2", "dw1", "db1"},
}


@pytest.mark.parametrize("form", problems.FORMS)
def test_default_answer(client, form):
    result = client.compute(**problems.labelled(form))
    assert set(result.arrays) == DEFAULTS[form]
    assert set(result.scalars) == ALWAYS


def test_default_answer_of_targets(client):
    problem = problems.inputs("scores")
    result = client.compute(**problem, targets=np.full((5, 4), 0.25))
    assert set(result.arrays) == {"dscores"}


@pytest.mark.parametrize("name", sorted(set(OUTPUTS) - {"dtargets"}))
def test_each_output_alone(client, name):
    result = client.compute(**problems.labelled("x"), want=[name])
    assert set(result.arrays) == {name}
    assert set(result.scalars) == ALWAYS


@pytest.mark.parametrize("name", sorted(SCALARS))
def test_each_scalar_alone(client, name):
    result = client.compute(**problems.labelled("x"), want=[name])
    assert not result.arrays
    assert name in result.scalars


def test_gradient_of_the_targets_alone(client):
    problem = problems.inputs("scores", rows=2, classes=3)
    result = client.compute(**problem, targets=np.full((2, 3), 1 / 3), want=["dtargets"])
    assert set(result.arrays) == {"dtargets"}
    assert result.dtargets.shape == (2, 3)


def test_want_in_any_order_and_twice(client):
    problem = problems.labelled("h1")
    result = client.compute(**problem, want=("db2", "loss", "db2", "dscores"))
    assert set(result.arrays) == {"db2", "dscores"}


def test_what_was_not_wanted_says_how_to_ask(client):
    result = client.compute(**problems.labelled("scores"))
    with pytest.raises(AttributeError, match="want"):
        _ = result.probs
