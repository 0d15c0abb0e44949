"""Identities that hold between calls."""

from __future__ import annotations

import numpy as np
import pytest

from tests.behaviour import problems
from tests.behaviour.problems import SUMS

EPS = np.finfo(np.float64).eps
ROW_QUANTITIES = ["row_losses", "dscores", "probs", "log_partition", "predictions"]
ROW_GRADIENTS = {"scores": [], "h1": ["dh1"], "x": ["dh1", "dx"]}
TILE = 256
"""Most rows in a tile; problems that cross it test what lies between tiles."""


def rowwise(form):
    return ROW_QUANTITIES + ROW_GRADIENTS[form]


def take(problem, rows):
    """Return the problem with some rows only."""
    sliced = {"scores", "h1", "x", "labels", "targets", "sample_weights"}
    return {name: value[rows] if name in sliced else value for name, value in problem.items()}


def assert_same_bits(actual, expected, name=""):
    assert actual.dtype == expected.dtype, name
    assert actual.shape == expected.shape, name
    assert actual.tobytes() == expected.tobytes(), name


def assert_few_ulp(actual, expected, size, name=""):
    """Hold two sums to a few ulp of `size`, the sum of the absolute terms."""
    error = np.abs(np.asarray(actual) - np.asarray(expected))
    assert np.all(error <= 8 * EPS * np.asarray(size)), name


@pytest.mark.parametrize("convention", ["half", "full"])
@pytest.mark.parametrize("reg", [0.0, 0.25])
def test_fused_result_is_its_parts(client, reg, convention):
    problem = problems.labelled("x", rows=300, classes=6, hidden=5, width=4, seed=1)
    options = {"reg": reg, "reg_convention": convention}
    result = client.compute(**problem, **options, want=problems.gradients_of("x"))
    pull = reg if convention == "half" else 2 * reg
    h1 = np.maximum(problem["x"] @ problem["w1"] + problem["b1"], 0)
    dz1 = result.dh1 * (h1 > 0)
    parts = {
        "dw2": h1.T @ result.dscores + pull * problem["w2"],
        "db2": result.dscores.sum(axis=0),
        "dh1": result.dscores @ problem["w2"].T,
        "dw1": problem["x"].T @ dz1 + pull * problem["w1"],
        "db1": dz1.sum(axis=0),
        "dx": dz1 @ problem["w1"].T,
    }
    for name, expected in parts.items():
        np.testing.assert_allclose(
            result.arrays[name], expected, rtol=1e-13, atol=1e-15, err_msg=name
        )


def test_loss_is_the_sum_of_its_parts(client):
    problem = problems.labelled("x", seed=2)
    result = client.compute(**problem, reg=0.1, z_loss=0.01, label_smoothing=0.1)
    assert result.loss == result.data_loss + result.z_loss + result.reg_loss
    assert min(result.data_loss, result.z_loss, result.reg_loss) > 0
    squares = (problem["w1"] ** 2).sum() + (problem["w2"] ** 2).sum()
    assert result.reg_loss == pytest.approx(0.05 * squares, rel=1e-14)


def test_full_convention_is_twice_half(client):
    problem = problems.labelled("h1")
    half = client.compute(**problem, reg=0.1)
    full = client.compute(**problem, reg=0.05, reg_convention="full")
    assert full.loss == pytest.approx(half.loss, rel=1e-15)
    np.testing.assert_allclose(full.dw2, half.dw2, rtol=1e-14)


@pytest.mark.parametrize("form", problems.FORMS)
def test_wanting_one_output_changes_no_bit_of_it(client, form):
    problem = problems.labelled(form, rows=9, seed=4)
    everything = ["loss", *rowwise(form), *SUMS[form]]
    together = client.compute(**problem, want=everything)
    for name in everything[1:]:
        alone = client.compute(**problem, want=[name])
        assert_same_bits(alone.arrays[name], together.arrays[name], name)
        assert alone.loss == together.loss


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", problems.FORMS)
def test_a_row_is_the_same_alone_and_in_a_batch(client, form, dtype):
    rows = TILE + 40
    problem = problems.labelled(form, rows=rows, classes=7, dtype=dtype, hidden=9, width=5)
    options = {"want": rowwise(form), "denominator": 3.0}
    whole = client.compute(**problem, **options)
    for row in (0, 1, TILE - 1, TILE, rows - 1):
        alone = client.compute(**take(problem, slice(row, row + 1)), **options)
        for name, value in alone.arrays.items():
            assert_same_bits(value, whole.arrays[name][row : row + 1], name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", problems.FORMS)
def test_shards_add_up_to_the_whole(client, form, dtype):
    rows = TILE + 100
    problem = problems.labelled(form, rows=rows, classes=5, hidden=4, width=3, seed=5, dtype=dtype)
    problem["sample_weights"] = np.random.default_rng(5).uniform(0, 2, rows)
    options = {"gradient_dtype": "f64", "want": ["loss", *rowwise(form), *SUMS[form]]}
    whole = client.compute(**problem, **options)
    cuts = [slice(0, 90), slice(90, 91), slice(91, 300), slice(300, rows)]
    shards = [
        client.compute(**take(problem, cut), denominator=whole.denominator, **options)
        for cut in cuts
    ]
    for name in rowwise(form):
        joined = np.concatenate([shard.arrays[name] for shard in shards])
        assert_same_bits(joined, whole.arrays[name], name)
    assert_few_ulp(sum(s.loss for s in shards), whole.loss, whole.loss, "loss")
    for name, size in _sizes(problem, whole, form).items():
        assert_few_ulp(sum(s.arrays[name] for s in shards), whole.arrays[name], size, name)


def _sizes(problem, whole, form):
    """Return the sums of absolute terms behind each gradient that is a sum over rows."""
    if form == "scores":
        return {}
    h1 = problem.get("h1")
    if h1 is None:
        h1 = np.maximum(problem["x"] @ problem["w1"] + problem["b1"], 0)
    of_scores = np.abs(whole.dscores)
    sizes = {"dw2": np.abs(h1).T @ of_scores, "db2": of_scores.sum(axis=0)}
    if form == "x":
        dz1 = np.abs(whole.dh1 * (h1 > 0))
        sizes |= {"dw1": np.abs(problem["x"]).T @ dz1, "db1": dz1.sum(axis=0)}
    return sizes


@pytest.mark.parametrize("form", problems.FORMS)
def test_ignoring_a_row_is_deleting_it(client, form):
    problem = problems.labelled(form, rows=8, seed=6)
    kept = np.array([0, 1, 3, 4, 6, 7])
    ignored = problem | {"labels": problem["labels"].copy(), "ignore_index": -1}
    ignored["labels"][[2, 5]] = -1
    want = ["loss", "dscores", *ROW_GRADIENTS[form], *SUMS[form]]
    with_them = client.compute(**ignored, want=want)
    without = client.compute(**take(problem, kept), want=want)
    assert with_them.n_ignored == 2
    assert with_them.denominator == without.denominator == 6
    assert with_them.loss == pytest.approx(without.loss, rel=1e-15)
    for name in ["dscores", *ROW_GRADIENTS[form]]:
        assert_same_bits(with_them.arrays[name][kept], without.arrays[name], name)
        assert not with_them.arrays[name][[2, 5]].any()
    for name in SUMS[form]:
        np.testing.assert_allclose(
            with_them.arrays[name], without.arrays[name], rtol=1e-13, atol=1e-16
        )


@pytest.mark.parametrize("form", problems.FORMS)
def test_weight_zero_is_deleting_the_row(client, form):
    problem = problems.labelled(form, rows=4, seed=6)
    weighed = client.compute(**problem, sample_weights=[1.0, 0, 1, 1], want=["loss", "dscores"])
    without = client.compute(**take(problem, [0, 2, 3]), want=["loss", "dscores"])
    assert weighed.loss == pytest.approx(without.loss, rel=1e-15)
    assert weighed.n_ignored == 0
    assert not weighed.dscores[1].any()
    assert_same_bits(weighed.dscores[[0, 2, 3]], without.dscores)


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.2}, {"z_loss": 0.1}], ids=str)
@pytest.mark.parametrize("form", problems.FORMS)
def test_one_hot_targets_are_labels(client, form, options):
    problem = problems.labelled(form, rows=6, classes=5, seed=7) | options
    targets = np.eye(5)[problem["labels"]]
    want = ["loss", "row_losses", "dscores", *SUMS[form]]
    labelled = client.compute(**problem, want=want)
    problem.pop("labels")
    targeted = client.compute(**problem, targets=targets, want=want)
    assert targeted.loss == pytest.approx(labelled.loss, rel=1e-14)
    assert targeted.denominator == labelled.denominator
    for name, value in labelled.arrays.items():
        np.testing.assert_allclose(
            targeted.arrays[name], value, rtol=1e-13, atol=1e-15, err_msg=name
        )


@pytest.mark.parametrize("form", problems.FORMS)
def test_row_order_permutes_the_answers(client, form):
    rows = TILE + 10
    problem = problems.labelled(form, rows=rows, seed=8)
    order = np.random.default_rng(8).permutation(rows)
    want = ["loss", *rowwise(form), *SUMS[form]]
    straight = client.compute(**problem, want=want)
    shuffled = client.compute(**take(problem, order), want=want)
    for name in rowwise(form):
        assert_same_bits(shuffled.arrays[name], straight.arrays[name][order], name)
    assert_few_ulp(shuffled.loss, straight.loss, straight.loss)
    for name, size in _sizes(problem, straight, form).items():
        assert_few_ulp(shuffled.arrays[name], straight.arrays[name], size, name)


@pytest.mark.parametrize("form", problems.FORMS)
def test_a_row_twice_is_a_row_of_weight_two(client, form):
    problem = problems.labelled(form, rows=3, seed=9)
    want = ["loss", *SUMS[form]]
    twice = client.compute(**take(problem, [0, 1, 1, 2]), want=want)
    weighed = client.compute(**problem, sample_weights=[1.0, 2.0, 1.0], want=want)
    assert twice.denominator == weighed.denominator == 4
    assert twice.loss == pytest.approx(weighed.loss, rel=1e-15)
    for name in SUMS[form]:
        np.testing.assert_allclose(twice.arrays[name], weighed.arrays[name], rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("kind", ["sample_weights", "class_weights"])
def test_scale_of_the_weights_cancels_in_the_mean(client, kind):
    problem = problems.labelled("scores", rows=4, classes=4, seed=10)
    weights = np.array([0.5, 1.0, 3.0, 0.25])
    once = client.compute(**problem, **{kind: weights})
    eightfold = client.compute(**problem, **{kind: 8 * weights})
    assert eightfold.denominator == 8 * once.denominator
    assert eightfold.loss == once.loss
    assert_same_bits(eightfold.dscores, once.dscores)


def test_scale_of_the_weights_scales_the_sum(client):
    problem = problems.labelled("scores", rows=4, seed=10) | {"reduction": "sum"}
    weights = np.array([0.5, 1.0, 3.0, 0.25])
    once = client.compute(**problem, sample_weights=weights)
    eightfold = client.compute(**problem, sample_weights=8 * weights)
    assert eightfold.loss == 8 * once.loss
    assert_same_bits(eightfold.dscores, 8 * once.dscores)


def test_reductions_are_one_another(client):
    problem = problems.labelled("scores", rows=7, seed=11)
    want = ["loss", "row_losses", "dscores"]
    mean, total, none = (
        client.compute(**problem, reduction=name, want=want) for name in ("mean", "sum", "none")
    )
    assert (mean.denominator, total.denominator, none.denominator) == (7, 1, 1)
    assert total.loss == none.loss == pytest.approx(7 * mean.loss, rel=1e-15)
    assert total.loss == pytest.approx(none.row_losses.sum(), rel=1e-15)
    assert_same_bits(none.dscores, total.dscores)
    assert_same_bits(mean.row_losses, total.row_losses)
    np.testing.assert_allclose(mean.dscores, total.dscores / 7, rtol=1e-15)


def test_a_constant_added_to_a_row_changes_nothing(client):
    problem = problems.labelled("scores", seed=12)
    problem["scores"] = np.round(problem["scores"] * 1024) / 1024
    moved = problem | {"scores": problem["scores"] + 2.0**20}
    here, there = client.compute(**problem), client.compute(**moved)
    assert here.loss == there.loss
    assert_same_bits(here.dscores, there.dscores)


def test_gradient_rows_sum_to_zero(client):
    result = client.compute(**problems.labelled("scores", rows=20, classes=9, seed=13))
    np.testing.assert_allclose(result.dscores.sum(axis=1), 0, atol=1e-16)


def test_probabilities_match_the_gradient(client):
    problem = problems.labelled("scores", seed=14)
    want = ["probs", "dscores", "log_partition"]
    result = client.compute(**problem, reduction="sum", want=want)
    one_hot = np.eye(4)[problem["labels"]]
    np.testing.assert_allclose(result.probs - one_hot, result.dscores, atol=1e-15)
    from_scores = np.exp(problem["scores"] - result.log_partition[:, None])
    np.testing.assert_allclose(result.probs, from_scores, rtol=1e-14)
