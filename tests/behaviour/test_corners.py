"""Corners of the contract that have an answer."""

from __future__ import annotations

import numpy as np
import pytest
from lossgrad.errors import InvalidArgument
from mpmath import mp

from tests import exact
from tests.behaviour import problems

FORMS = problems.FORMS
SUMS = {"scores": [], "h1": ["dw2", "db2"], "x": ["dw2", "db2", "dw1", "db1"]}
ROWS = {"scores": ["dscores"], "h1": ["dscores", "dh1"], "x": ["dscores", "dh1", "dx"]}


def bits(array):
    return array.dtype, array.shape, array.tobytes()


# An empty mean


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


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_sum_over_no_rows_is_zero(client, reduction):
    result = client.compute(**no_rows("h1"), reduction=reduction, empty_mean="nan")
    assert (result.loss, result.denominator, result.n_rows) == (0, 1, 0)
    assert not result.dw2.any()


def test_given_denominator_is_never_empty(client):
    result = client.compute(**every_row_ignored("scores"), denominator=4.0, empty_mean="nan")
    assert (result.loss, result.denominator, result.n_ignored) == (0, 4, 5)


# Non-finite numbers in rows that do not count


DEAD = {"ignored": {"ignore_index": -1}, "weight 0": {"sample_weights": [1.0, 1, 1, 1, 0, 1]}}
KINDS = [{}, {"label_smoothing": 0.1}, {"z_loss": 0.1}, {"softcap": 2.0, "temperature": 3.0}]


def poison_row_four(client, clean, form, poison):
    """Hold the answer to be the same bits whatever lies in row 4, which does not count."""
    poisoned = clean | {form: clean[form].copy()}
    poisoned[form][4] = poison
    want = ["loss", "row_losses", *ROWS[form], *SUMS[form]]
    expected, result = (client.compute(**each, want=want) for each in (clean, poisoned))
    assert result.scalars == expected.scalars
    assert np.isfinite(result.loss)
    assert result.row_losses[4] == 0
    for name in ROWS[form]:
        assert not result.arrays[name][4].any(), name
        assert np.isfinite(result.arrays[name]).all(), name
    for name in want[1:]:
        assert bits(result.arrays[name]) == bits(expected.arrays[name]), name


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("how", DEAD)
@pytest.mark.parametrize("options", KINDS, ids=str)
def test_dead_row_poisons_nothing(client, form, how, poison, options):
    clean = problems.labelled(form, rows=6, seed=30) | DEAD[how] | options
    if how == "ignored":
        clean["labels"][4] = -1
    poison_row_four(client, clean, form, poison)


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("form", FORMS)
def test_dead_row_with_targets_poisons_nothing(client, form, poison):
    targets = {"targets": np.full((6, 4), 0.25)}
    clean = problems.inputs(form, rows=6, seed=30) | DEAD["weight 0"] | targets
    poison_row_four(client, clean, form, poison)


@pytest.mark.parametrize("form", ["h1", "x"])
def test_dead_row_is_zero_whatever_the_weights_hold(client, form):
    """0·∞ is NaN, but a row that does not count has gradients of exactly 0."""
    problem = problems.labelled(form, rows=3, seed=39) | {"sample_weights": [1.0, 0.0, 1.0]}
    problem["w2"][0, 1] = np.inf
    result = client.compute(**problem, nonfinite="propagate", want=["row_losses", *ROWS[form]])
    for name, value in result.arrays.items():
        assert not np.any(value[1]), name
        assert not np.isfinite(value[[0, 2]]).all(), name


@pytest.mark.parametrize("poison", [np.nan, np.inf], ids=str)
def test_dead_row_poisons_nothing_of_hinge(client, poison):
    problem = problems.labelled("h1", rows=3, seed=31) | {"sample_weights": [1.0, 0, 1]}
    expected = client.compute(**problem, loss="hinge")
    problem["h1"] = problem["h1"].copy()
    problem["h1"][1] = poison
    result = client.compute(**problem, loss="hinge")
    assert result.loss == expected.loss
    assert bits(result.dw2) == bits(expected.dw2)


@pytest.mark.parametrize("poison", [np.nan, np.inf], ids=str)
def test_targets_of_a_dead_row_poison_nothing(client, poison):
    problem = problems.inputs("scores", rows=3, seed=32)
    targets = np.full((3, 4), 0.25)
    weights = {"sample_weights": [1.0, 0.0, 1.0], "want": ["loss", "dscores", "dtargets"]}
    expected = client.compute(**problem, targets=targets, **weights)
    targets[1, 2] = poison
    result = client.compute(**problem, targets=targets, **weights)
    assert result.loss == expected.loss
    assert bits(result.dscores) == bits(expected.dscores)
    assert bits(result.dtargets) == bits(expected.dtargets)
    assert not result.dtargets[1].any()


def test_dead_row_has_probabilities_all_the_same(client):
    problem = problems.labelled("scores", rows=3, seed=33)
    want = ["probs", "log_partition", "predictions"]
    expected = client.compute(**problem, want=want)
    problem["labels"][1] = -7
    result = client.compute(**problem, ignore_index=-7, want=want)
    for name in want:
        assert bits(result.arrays[name]) == bits(expected.arrays[name]), name


# Masks


@pytest.mark.parametrize("smoothing", [0.0, 0.3, 1.0])
def test_masked_class_is_as_if_deleted(client, smoothing):
    full = problems.inputs("scores", rows=4, classes=5, seed=34)["scores"]
    full[:, 2] = -np.inf
    kept = [0, 1, 3, 4]
    labels = np.array([0, 1, 3, 4])
    renumbered = np.array([0, 1, 2, 3])
    options = {"label_smoothing": smoothing, "want": ["loss", "dscores", "probs"]}
    masked = client.compute(scores=full, labels=labels, **options)
    deleted = client.compute(scores=full[:, kept], labels=renumbered, **options)
    assert masked.loss == pytest.approx(deleted.loss, rel=1e-15)
    for name in ("dscores", "probs"):
        assert not masked.arrays[name][:, 2].any()
        np.testing.assert_allclose(
            masked.arrays[name][:, kept], deleted.arrays[name], rtol=1e-14, atol=1e-17
        )


@pytest.mark.parametrize("form", ["h1", "x"])
def test_bias_of_minus_infinity_masks_its_class(client, form):
    problem = problems.labelled(form, classes=3, seed=35)
    problem["labels"] %= 2
    problem["b2"][2] = -np.inf
    want = ["loss", "probs", *ROWS[form], *SUMS[form]]
    result = client.compute(**problem, label_smoothing=0.1, want=want)
    assert np.isfinite(result.loss)
    for name in ("probs", "dscores", "dw2"):
        assert not result.arrays[name][:, 2].any(), name
    assert result.db2[2] == 0
    for name, value in result.arrays.items():
        assert np.isfinite(value).all(), name


@pytest.mark.parametrize(
    "option", [{"temperature": 2.0}, {"softcap": 3.0}, {"z_loss": 0.1}], ids=str
)
def test_mask_survives_the_options(client, option):
    scores = [[1.0, -np.inf, 0.5]]
    result = client.compute(scores=scores, labels=[0], **option)
    deleted = client.compute(scores=[[1.0, 0.5]], labels=[0], **option)
    assert result.loss == pytest.approx(deleted.loss, rel=1e-15)
    assert result.dscores[0, 1] == 0


def test_masked_class_has_no_gradient_of_its_target(client):
    result = client.compute(
        scores=[[1.0, -np.inf, 0.5]], targets=[[0.5, 0.0, 0.5]], want=["dscores", "dtargets"]
    )
    assert result.dtargets[0, 1] == 0
    assert result.dscores[0, 1] == 0
    assert (result.dtargets[0, [0, 2]] > 0).all()


def test_masked_class_with_class_weights(client):
    problem = {"scores": [[1.0, -np.inf, 0.5]], "labels": [2], "class_weights": [1.0, 9.0, 2.0]}
    result = client.compute(**problem, label_smoothing=0.2)
    deleted = client.compute(
        scores=[[1.0, 0.5]], labels=[1], class_weights=[1.0, 2.0], label_smoothing=0.2
    )
    assert result.loss == pytest.approx(deleted.loss, rel=1e-15)
    assert result.denominator == 2


def test_hinge_leaves_masked_classes_out(client):
    result = client.compute(scores=[[0.0, -np.inf, 0.5]], labels=[0], loss="hinge")
    assert result.loss == 1.5
    np.testing.assert_array_equal(result.dscores, [[-1, 0, 1]])


def test_one_unmasked_class_is_certain(client):
    result = client.compute(scores=[[-np.inf, 3.0]], labels=[1], want=["loss", "dscores", "probs"])
    assert result.loss == 0
    np.testing.assert_array_equal(result.dscores, [[0, 0]])
    np.testing.assert_array_equal(result.probs, [[0, 1]])


@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_one_class_costs_nothing(client, smoothing):
    result = client.compute(scores=[[5.0], [-2.0]], labels=[0, 0], label_smoothing=smoothing)
    assert result.loss == 0
    assert not result.dscores.any()


@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_class_of_weight_zero_adds_nothing_however_far_away(client, smoothing):
    """0·∞ = 0, also where the distance itself overflows."""
    problem = {"scores": [[1.7e308, -1.7e308]], "labels": [1], "class_weights": [1.0, 0.0]}
    result = client.compute(
        **problem, label_smoothing=smoothing, reduction="sum", want=["row_losses", "dscores"]
    )
    assert result.row_losses[0] == 0
    assert not result.dscores.any()


# Targets of any sum


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


# Ties


@pytest.mark.parametrize(
    ("row", "lowest"), [([1, 3, 3], 1), ([0, 0, 0], 0), ([-1, -2, -1], 0), ([-0.0, 0.0, -0.0], 0)]
)
def test_ties_go_to_the_lowest_index(client, row, lowest):
    result = client.compute(scores=[row], labels=[0], want=["predictions", "accuracy"])
    np.testing.assert_array_equal(result.predictions, [lowest])
    assert result.accuracy == float(lowest == 0)


# Huge scores


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


# Scores with h1 and w2 beside them


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
