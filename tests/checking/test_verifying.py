"""Our own gradients beside differences of our loss: good, and bad where they are made so."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.types import Problem
from lossgrad.types.check import CheckRequest
from lossgrad_service import core
from lossgrad_service.checking import check
from lossgrad_service.checking.batch import Batch, in_float64
from lossgrad_service.checking.steps import steps_of
from lossgrad_service.checking.verifying import verifiable, verify
from lossgrad_service.core.computing import always_wanted
from tests.behaviour.problems import labelled

OPTIONS = [
    {},
    {"reg": 0.3, "reg_convention": "full"},
    {"loss": "hinge", "reg": 0.3},
    {"label_smoothing": 0.1, "z_loss": 0.01, "temperature": 3.0, "softcap": 4.0},
]


@np.errstate(all="ignore")
def bands(arguments: dict, wrong: str = "", factor: float = 1.03) -> dict[str, str]:
    """Return the band of each gradient; that called `wrong` is too large by a factor."""
    problem = Problem.of(arguments)
    names = verifiable(problem)
    ours = core.compute(in_float64(problem, ("loss", *names)))
    batch = Batch.of(in_float64(problem, ("loss",)), ours.denominator)
    gradients = {name: ours.arrays[name] * (factor if name == wrong else 1) for name in names}
    found = verify(steps_of(batch)(batch), gradients, always_wanted)
    return {each.name: each.band for each in found}


@pytest.mark.parametrize("options", OPTIONS)
def test_planted_error_is_found_in_each_gradient(options):
    arguments = labelled("x", rows=6) | options
    for wrong in verifiable(Problem.of(arguments)):
        found = bands(arguments, wrong)
        assert found.pop(wrong) == "wrong"
        assert set(found.values()) == {"good"}


def test_targets():
    rng = np.random.default_rng(0)
    arguments = {"scores": rng.normal(size=(4, 3)), "targets": rng.dirichlet(np.ones(3), 4)}
    arguments["targets"][0] = [0, 1, 0]
    assert bands(arguments) == {"dscores": "good", "dtargets": "good"}
    assert bands(arguments, "dtargets")["dtargets"] == "wrong"


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_inputs_in_other_dtypes(dtype):
    assert set(bands(labelled("x", dtype=dtype)).values()) == {"good"}


def test_rows_at_a_kink_are_left_out():
    arguments = labelled("x", rows=4, with_biases=False)
    arguments["x"][1] = 0  # h1 is exactly 0, whose gradient is 0 by definition
    assert set(bands(arguments).values()) == {"good"}
    assert bands(arguments, "db1")["db1"] == "wrong"


def test_hinge_at_its_kink():
    scores = np.array([[1.0, 0.0, 0.5], [2.0, 0.3, 0.1], [0.2, 0.1, 0.0]])
    arguments = {"scores": scores, "labels": [0, 0, 1], "loss": "hinge"}
    assert bands(arguments) == {"dscores": "good"}
    assert bands(arguments, "dscores") == {"dscores": "wrong"}


def test_masks_ignored_rows_and_weights():
    arguments = labelled("scores", rows=5)
    arguments["scores"][0, arguments["labels"][0] - 1] = -np.inf
    arguments["scores"][1] = np.nan
    arguments["labels"][1] = -100
    arguments |= {"ignore_index": -100, "sample_weights": [1.0, 1, 0.5, 2, 0]}
    assert bands(arguments) == {"dscores": "good"}
    assert bands(arguments, "dscores") == {"dscores": "wrong"}


def test_scores_of_any_size():
    for size in (1e-6, 30.0, 1e4):
        arguments = labelled("h1", rows=5)
        arguments["h1"] = arguments["h1"] * size
        assert set(bands(arguments).values()) == {"good"}


def test_scores_beside_a_layer_do_not_depend_on_it():
    arguments = labelled("h1") | {"scores": np.zeros((5, 4))}
    assert verifiable(Problem.of(arguments)) == ("dscores",)


def test_a_loss_that_is_not_finite_has_no_differences():
    arguments = {"scores": [[np.inf, 0.0]], "labels": [0], "nonfinite": "propagate"}
    assert check(CheckRequest.of(arguments)).verifications == ()


@pytest.mark.parametrize("size", [1e30, 1e150, 1e300])
def test_huge_scores(size):
    scores = np.array([[size, 0.0, 1.0], [0.0, 1.0, -size]])
    assert bands({"scores": scores, "labels": [1, 1]}) == {"dscores": "good"}


def test_nan_in_our_gradient_is_found():
    assert bands(labelled("scores"), "dscores", np.nan) == {"dscores": "wrong"}


def test_same_answer_each_time():
    request = CheckRequest.of(labelled("x"))
    assert check(request).verifications == check(request).verifications
