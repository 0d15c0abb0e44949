"""The table of planted mistakes: wrong code in, its diagnosis out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lossgrad.types.check import Check, CheckRequest
from lossgrad.types.dtypes import bfloat16
from lossgrad_service.checking import check
from tests.behaviour.problems import labelled
from tests.checking import planted
from tests.checking.student import Net, in_dtype

pytestmark = pytest.mark.usefixtures("one_direction")

SHAPES = [
    {"rows": 5, "classes": 4, "hidden": 3, "width": 2, "seed": 8},
    {"rows": 4, "classes": 4, "hidden": 4, "width": 4, "seed": 3},
    {"rows": 40, "classes": 7, "hidden": 9, "width": 5, "seed": 1},
]
LOSSES = ["softmax", "hinge"]
CONVENTIONS = ["half", "full"]

Mistake = Callable[[Net], Net]

OF_EITHER_LOSS: dict[Mistake, str] = {
    planted.not_divided: "not_divided_by_n",
    planted.reg_missing: "reg_missing",
    planted.everything_divided: "reg_divided_by_n",
    planted.everything_divided_twice: "divided_twice",
    planted.label_not_subtracted: "label_not_subtracted",
    planted.sign_flipped: "sign_flipped",
    planted.step_downhill: "sign_flipped",
    planted.bias_along_classes: "wrong_axis",
    planted.bias_kept_as_rows: "bias_not_summed",
    planted.bias_kept_as_row: "extra_axis",
    planted.bias_kept_as_column: "extra_axis",
    planted.losses_kept_as_column: "extra_axis",
    planted.bias_averaged: "bias_averaged",
    planted.hidden_bias_averaged: "bias_averaged",
    planted.transposed_scores: "transposed",
    planted.relu_not_gated: "relu_not_gated",
    planted.relu_gated_by_gradient: "relu_not_gated",
    planted.relu_gated_early: "relu_gated_early",
}
OF_SOFTMAX: dict[Mistake, str] = {
    planted.subtracted_in_every_row: "label_subtracted_in_every_row",
    planted.softmax_along_rows: "wrong_axis",
    planted.softmax_over_everything: "wrong_axis",
    planted.softmax_of_softmax: "probabilities_as_logits",
    planted.softmax_before_the_loss: "probabilities_as_logits",
    planted.binary_logarithm: "logarithm_base",
    planted.decimal_logarithm: "logarithm_base",
}
OF_SEVERAL: dict[Mistake, set[str]] = {
    planted.transposed: {"transposed"},
    planted.transposed_sum: {"transposed", "not_divided_by_n"},
    planted.transposed_without_reg: {"transposed", "reg_missing"},
    planted.transposed_sum_without_reg: {"transposed", "not_divided_by_n", "reg_missing"},
}


def problem(shape: Net, dtype: type, **options: object) -> Net:
    return in_dtype(labelled("x", **shape), dtype) | options


def examined(arguments: Net, mistake: Mistake) -> Check:
    with np.errstate(all="ignore"):
        own = mistake(arguments)
    return check(CheckRequest.of(arguments, own))


def codes_of(mistake: Mistake, arguments: Net) -> set[str]:
    found = examined(arguments, mistake)
    assert not found.ok
    assert all(each.band == "good" for each in found.verifications)
    return set(found.diagnoses)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("mistake", OF_EITHER_LOSS)
def test_of_either_loss(mistake, loss, convention, shape, dtype):
    arguments = problem(shape, dtype, loss=loss, reg=0.3, reg_convention=convention)
    assert codes_of(mistake, arguments) == {OF_EITHER_LOSS[mistake]}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mistake", OF_SOFTMAX)
def test_of_softmax(mistake, shape, dtype):
    assert codes_of(mistake, problem(shape, dtype, reg=0.3)) == {OF_SOFTMAX[mistake]}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("convention", "code"), [("half", "reg_doubled"), ("full", "reg_halved")])
def test_other_convention_of_the_penalty(convention, code, shape, dtype):
    arguments = problem(shape, dtype, reg=0.3, reg_convention=convention)
    assert codes_of(planted.other_convention, arguments) == {code}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("mistake", OF_SEVERAL)
def test_transposed_weights(mistake, loss, shape, dtype):
    arguments = problem(shape, dtype, loss=loss, reg=0.3)
    assert codes_of(mistake, arguments) == OF_SEVERAL[mistake]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mistake", [planted.softmax_of_softmax, planted.softmax_before_the_loss])
@pytest.mark.parametrize("name", ["loss", "dscores", "dw2", "db2", "dh1", "dw1", "db1", "dx"])
def test_softmax_twice_in_any_quantity_alone(name, mistake, shape, dtype):
    arguments = problem(shape, dtype, reg=0.3)
    own = {name: mistake(arguments)[name]}
    found = check(CheckRequest.of(arguments, own))
    assert found.diagnoses == ("probabilities_as_logits",)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("temperature", [0.5, 3.0])
@pytest.mark.parametrize(
    "mistake", [planted.temperature_not_in_the_gradient, planted.temperature_forgotten]
)
def test_temperature(mistake, temperature, shape, dtype):
    arguments = problem(shape, dtype, reg=0.3, temperature=temperature)
    assert codes_of(mistake, arguments) == {"temperature_missing"}


@pytest.mark.parametrize("mistake", [planted.added_to_probability, planted.clipped_probability])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("score", [-25, -90])
def test_number_that_keeps_the_logarithm_finite(score, dtype, mistake):
    arguments = in_dtype(labelled("scores"), dtype)
    arguments["scores"][2, arguments["labels"][2]] = score
    assert codes_of(mistake, arguments) == {"epsilon_in_logarithm"}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("loss", LOSSES)
class TestDivision:
    def test_twice(self, loss, shape, dtype):
        arguments = problem(shape, dtype, loss=loss, reg=0.1)
        assert codes_of(planted.divided_twice, arguments) == {"divided_twice"}

    def test_by_rows_and_classes(self, loss, shape, dtype):
        # Of as many rows as classes it cannot be told from a mean that was divided twice.
        arguments = problem(shape | {"classes": 6}, dtype, loss=loss, reg=0.1)
        assert codes_of(planted.averaged_over_classes, arguments) == {"averaged_over_classes"}

    def test_of_a_sum(self, loss, shape, dtype):
        arguments = problem(shape, dtype, loss=loss, reduction="sum")
        assert codes_of(planted.divided_by_n_for_a_sum, arguments) == {"divided_by_n"}

    def test_beside_a_penalty_left_out(self, loss, shape, dtype):
        arguments = problem(shape, dtype, loss=loss, reg=0.3)
        both = {"not_divided_by_n", "reg_missing"}
        assert codes_of(planted.not_divided_and_no_reg, arguments) == both


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
class TestWeighing:
    @pytest.mark.parametrize("mistake", [planted.smoothing_left_out, planted.smoothed_over_others])
    def test_smoothing(self, mistake, shape, dtype):
        arguments = problem(shape, dtype, label_smoothing=0.2)
        assert codes_of(mistake, arguments) == {"smoothing_mismatch"}

    @pytest.mark.parametrize(
        ("name", "length"), [("class_weights", "classes"), ("sample_weights", "rows")]
    )
    def test_denominator(self, name, length, shape, dtype):
        weights = np.linspace(0.2, 3, shape[length]).astype(dtype)
        arguments = problem(shape, dtype, **{name: weights})
        assert codes_of(planted.weighted_sum_over_n, arguments) == {"weights_denominator"}

    @pytest.mark.parametrize("mistake", [planted.ignored_in_the_mean, planted.ignored_not_zeroed])
    def test_ignored_rows(self, mistake, shape, dtype):
        arguments = problem(shape, dtype, ignore_index=-1)
        arguments["labels"][1] = -1
        assert codes_of(mistake, arguments) == {"ignored_rows_counted"}


@pytest.mark.parametrize("dtype", [np.float16, bfloat16()])
@pytest.mark.parametrize(
    "mistake",
    [
        *(planted.not_divided, planted.reg_missing, planted.sign_flipped),
        *(planted.label_not_subtracted, planted.transposed_scores, planted.relu_not_gated),
        *(planted.softmax_along_rows, planted.softmax_before_the_loss),
    ],
)
def test_in_16_bits(mistake, dtype):
    arguments = in_dtype(labelled("x", **SHAPES[0]), dtype) | {"reg": 0.3}
    own = in_dtype(mistake(arguments), dtype)
    found = check(CheckRequest.of(arguments, own))
    assert set(found.diagnoses) == {(OF_EITHER_LOSS | OF_SOFTMAX)[mistake]}


@pytest.mark.parametrize("dtype", [np.float16, bfloat16()])
def test_suspicious_numbers_in_16_bits_are_not_diagnosed(dtype):
    arguments = in_dtype(problem(SHAPES[0], np.float64, reg=1e-3), dtype)
    found = examined(arguments, planted.reg_missing)
    assert "suspicious" in {each.band for each in found.comparisons}
    assert found.ok


@pytest.mark.parametrize(
    ("dtype", "score"), [(np.float16, 12), (np.float32, 95), (np.float64, 720)]
)
def test_unstable_softmax(dtype, score):
    arguments = in_dtype(labelled("scores"), dtype)
    arguments["scores"][2, 1] = score
    assert codes_of(planted.unstable, arguments) == {"unstable_softmax"}


def test_vanished_probability():
    arguments = labelled("scores")
    arguments["scores"][2, 1] = -800
    arguments["labels"][2] = 1
    found = check(CheckRequest.of(arguments, {"loss": np.inf}))
    assert found.diagnoses == ("unstable_softmax",)


def test_masks_are_no_overflow():
    arguments = labelled("scores")
    arguments["scores"][:, 0] = -np.inf
    arguments["labels"][:] = 1
    assert check(CheckRequest.of(arguments, {"loss": np.inf})).diagnoses == ()


def test_probabilities_sent_as_scores():
    drawn = labelled("scores")
    probs = np.exp(drawn["scores"])
    probs /= probs.sum(axis=1, keepdims=True)
    dscores = probs.copy()
    dscores[range(5), drawn["labels"]] -= 1
    found = check(CheckRequest.of(drawn | {"scores": probs}, {"dscores": dscores / 5}))
    assert found.diagnoses == ("probabilities_as_logits",)


@pytest.mark.parametrize("axis", [0, 1])
def test_wrong_axis_of_three(axis):
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(3, 5, 4)), rng.integers(0, 4, (3, 5))
    e = np.exp(scores)
    own = {"probs": e / e.sum(axis=axis, keepdims=True)}
    assert check(CheckRequest.of({"scores": scores, "labels": labels}, own)).diagnoses == (
        "wrong_axis",
    )
