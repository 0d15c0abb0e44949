"""Nothing is computed that was not wanted, nor for rows that do not count."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.types import Problem
from lossgrad_service.core import accumulator, compute, label_losses
from lossgrad_service.kernels.arrays import frozen
from lossgrad_service.kernels.matrices import linear, products, sums
from lossgrad_service.kernels.rows import soft, softmax
from lossgrad_service.kernels.rows.scores import Scaling
from lossgrad_service.kernels.rows.targets import Weights
from tests.kernels.calling import SENTINEL, label_rows
from tests.kernels.errors import dtypes

NAN, INF = np.nan, np.inf


def forbid(monkeypatch, owner, name):
    """Let it fail to call something."""

    def refuse(*_arguments):
        pytest.fail(f"{name} was called")

    monkeypatch.setattr(owner, name, refuse)


ROWS = np.array([[0, 1], [NAN, INF], [1, 0]])
ACTIVE = [True, False, True]


def assert_told_of_the_active(*numbers):
    """Hold numbers of each row to be written for the active rows and no others."""
    for array in numbers:
        np.testing.assert_array_equal(array != SENTINEL, ACTIVE)


@dtypes
@pytest.mark.parametrize("with_gradient", [True, False])
def test_rows_of_labels_that_are_not_active_are_not_touched(dtype, with_gradient):
    told = label_rows(ROWS.astype(dtype), active=ACTIVE, with_gradient=with_gradient)
    assert_told_of_the_active(told.first, told.maximum, told.rest, told.gap)
    if with_gradient:
        np.testing.assert_array_equal(told.gradient[1], [0, 0])


@dtypes
@pytest.mark.parametrize("z_loss", [0.0, 0.1])
def test_soft_rows_that_are_not_active_are_not_touched(dtype, z_loss):
    first = np.full(3, SENTINEL, np.intp)
    maximum, rest, losses, z_terms = (np.full(3, float(SENTINEL)) for _ in range(4))
    gradient = np.full((3, 2), SENTINEL, dtype)
    soft.soft_rows(
        frozen(ROWS.astype(dtype)),
        frozen(np.zeros(3, np.intp)),
        None,
        frozen(np.array(ACTIVE)),
        frozen(np.array(ACTIVE)),
        Weights(frozen(np.ones(3)), frozen(np.ones(2)), 0.1, z_loss),
        Scaling.of(1.0, None),
        soft.Division(1.0, 1.0),
        soft.Statistics(first, maximum, rest, losses, z_terms, np.ones(3, bool)),
        soft.RowScratch.of(ROWS),
        gradient,
    )
    assert_told_of_the_active(first, maximum, rest, losses, z_terms)
    np.testing.assert_array_equal(gradient[1], [0, 0])
    assert SENTINEL not in gradient


FORMS = {
    "labels": {"labels": [0, 1]},
    "targets": {"targets": [[1, 0.0], [0.5, 0.5]]},
    "hinge": {"labels": [0, 1], "loss": "hinge"},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("row", [[0.0, 1.0], [NAN, INF]], ids=["finite", "not finite"])
def test_what_is_not_finite_is_looked_for_only_where_it_counts(form, row, monkeypatch):
    """Looking costs passes over memory: whether to look is told by what is computed anyway."""
    forbid(monkeypatch, accumulator.Checks, "check")
    rows = {"scores": [[2.0, 0.0], row], "sample_weights": [1.0, 0.0]}
    result = compute(Problem.of(rows | FORMS[form]))
    assert np.isfinite(result.loss)
    assert not result.dscores[1].any()


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_looked_for_in_layers_that_are_finite(form, monkeypatch):
    forbid(monkeypatch, accumulator.Checks, "check")
    layers = {"x": np.ones((2, 3)), "w1": np.ones((3, 4)), "w2": np.ones((4, 2))}
    assert np.isfinite(compute(Problem.of(layers | FORMS[form])).loss)


def test_masks_are_nothing_to_look_for(monkeypatch):
    forbid(monkeypatch, accumulator.Checks, "check")
    result = compute(Problem.of({"scores": [[0.0, -INF], [1.0, 2.0]], "labels": [0, 1]}))
    assert np.isfinite(result.loss)


NEEDS = {
    "loss": (),
    "row_losses": (),
    "dscores": (),
    "probs": ("probability_rows",),
    "log_partition": ("log_partition",),
    "predictions": (),
    "accuracy": (),
    "dtargets": ("target_gradient_rows",),
    "dw2": ("add_product",),
    "db2": ("add_columns",),
}
OWNERS = {
    "probability_rows": softmax,
    "log_partition": softmax,
    "target_gradient_rows": soft,
    "add_product": products,
    "add_columns": sums,
    "relu_gate": linear,
}


@pytest.mark.parametrize("wanted", NEEDS)
def test_only_what_is_wanted_is_computed(wanted, monkeypatch):
    for name, owner in OWNERS.items():
        if name not in NEEDS[wanted]:
            forbid(monkeypatch, owner, name)
    goal = {"targets": np.eye(2)} if wanted == "dtargets" else {"labels": [0, 1]}
    sent = {"scores": np.ones((2, 2)), "h1": np.ones((2, 3)), "w2": np.ones((3, 2))}
    result = compute(Problem.of(sent | goal | {"want": [wanted]}))
    assert getattr(result, wanted) is not None


@pytest.mark.parametrize("loss", ["softmax", "hinge"])
@pytest.mark.parametrize(
    ("wanted", "is_computed"),
    [("loss", False), ("probs", False), ("accuracy", False), ("dscores", True), ("db2", True)],
)
def test_gradient_is_computed_only_for_who_wants_it(wanted, is_computed, loss, monkeypatch):
    given = []

    def spy(program):
        def call(*arguments):
            given.append(arguments[-1] is not None)
            return program(*arguments)

        return call

    module, name = {
        "softmax": (label_losses.kernels, "label_rows"),
        "hinge": (label_losses.hinge_kernels, "hinge_rows"),
    }[loss]
    monkeypatch.setattr(module, name, spy(getattr(module, name)))
    compute(Problem.of({"scores": np.eye(3), "labels": [0, 1, 2], "want": [wanted], "loss": loss}))
    assert given == [is_computed]


def test_first_layer_is_pulled_back_to_only_for_who_wants_it(monkeypatch):
    forbid(monkeypatch, linear, "relu_gate")
    layers = {"x": np.ones((2, 3)), "w1": np.ones((3, 4)), "w2": np.ones((4, 2))}
    result = compute(Problem.of(layers | {"labels": [0, 1], "want": ["dh1", "dw2"]}))
    assert result.dh1.shape == (2, 4)
