"""Every golden value over every transport."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mpf

from tests import exact
from tests.golden import published

ENTRIES = published.entries()
CASES = [
    pytest.param(entry, dtype, id=f"{entry.name}-{np.dtype(dtype).name}")
    for entry in ENTRIES
    for dtype in (np.float64, np.float32)
    if dtype is np.float64 or entry.is_exact_in_f32
]
WANT = ["loss", "row_losses", "log_partition", "dscores"]


def spreads(entry):
    return [max(row) - min(row) for row in entry.scores]


@pytest.fixture
def answer(client, entry, dtype):
    arguments = entry.arguments(dtype)
    return client.compute(**arguments, want=WANT, reduction="sum")


@pytest.mark.parametrize(("entry", "dtype"), CASES)
def test_row_losses(answer, entry, dtype):
    floor = exact.smallest_normal(dtype)
    for actual, printed, spread in zip(answer.row_losses, entry.loss, spreads(entry), strict=True):
        exact.assert_relative(actual, mpf(printed), exact.bound(spread, dtype), floor)


@pytest.mark.parametrize(("entry", "dtype"), CASES)
def test_sum_of_the_losses(answer, entry, dtype):
    total = sum(mpf(printed) for printed in entry.loss)
    tolerance = exact.bound(max(spreads(entry)), dtype)
    exact.assert_relative(answer.loss, total, tolerance, exact.smallest_normal(dtype))


@pytest.mark.parametrize(("entry", "dtype"), CASES)
def test_mean_loss(client, entry, dtype):
    result = client.compute(**entry.arguments(dtype))
    tolerance = exact.bound(max(spreads(entry)), dtype)
    exact.assert_relative(result.loss, mpf(entry.mean), tolerance, exact.smallest_normal(dtype))
    assert result.denominator == len(entry.scores)


@pytest.mark.parametrize(("entry", "dtype"), CASES)
def test_log_partition(answer, entry, dtype):
    for actual, printed, spread in zip(
        answer.log_partition, entry.lse, spreads(entry), strict=True
    ):
        exact.assert_relative(actual, mpf(printed), exact.bound(spread, dtype), 1.0)


@pytest.mark.parametrize(("entry", "dtype"), CASES)
def test_gradient_of_the_sum(answer, entry, dtype):
    assert answer.dscores.dtype == dtype
    floor = exact.smallest_normal(dtype)
    targets = entry.arguments(np.float64).get("targets")
    for i, spread in enumerate(spreads(entry)):
        tolerance = exact.bound(spread, dtype)
        for j, printed in enumerate(entry.dscores_sum[i]):
            actual, value = answer.dscores[i, j], mpf(printed)
            if targets is None:
                exact.assert_relative(actual, value, tolerance, floor)
            else:
                scale = exact.row(entry.scores[i], targets[i]).scale(floor)[j]
                exact.assert_absolute(actual, value, tolerance * scale)


TOY = published.toy_net()


def toy_scores():
    return np.maximum(TOY["x"] @ TOY["w1"] + TOY["b1"], 0) @ TOY["w2"] + TOY["b2"]


def toy_hidden():
    return np.maximum(TOY["x"] @ TOY["w1"] + TOY["b1"], 0)


def test_toy_scores_are_the_published_ones():
    for actual, printed in zip(toy_scores()[0], published.TOY_FIRST_SCORES, strict=True):
        exact.assert_digits(actual, printed)


TOY_FORMS = {
    "x": TOY,
    "h1": {"h1": toy_hidden(), "w2": TOY["w2"], "b2": TOY["b2"], "labels": TOY["labels"]},
    "scores": {"scores": toy_scores(), "labels": TOY["labels"]},
}


@pytest.mark.parametrize("form", TOY_FORMS)
def test_toy_data_loss_and_db2(client, form):
    result = client.compute(**TOY_FORMS[form], want=["loss", "db2"])
    exact.assert_digits(result.loss, published.TOY_DATA_LOSS, 1e-15)
    for actual, printed in zip(result.db2, published.TOY_DB2, strict=True):
        exact.assert_digits(actual, printed)


@pytest.mark.parametrize(("reg", "convention"), published.TOY_PENALTIES)
def test_toy_loss_with_either_convention(client, reg, convention):
    result = client.compute(**TOY, reg=reg, reg_convention=convention)
    exact.assert_digits(result.loss, published.TOY_LOSS, 1e-15)
    exact.assert_digits(result.data_loss, published.TOY_DATA_LOSS, 1e-15)
    assert result.loss == result.data_loss + result.reg_loss


@pytest.mark.parametrize(("reg", "convention"), published.TOY_PENALTIES)
def test_toy_loss_from_scores_and_weights(client, reg, convention):
    """R counts w2 alone here; the first layer's share is added by hand."""
    half = 0.5 if convention == "half" else 1.0
    first_layer = reg * half * (TOY["w1"] ** 2).sum()
    weights = {"h1": toy_hidden(), "w2": TOY["w2"]}
    result = client.compute(
        **TOY_FORMS["scores"], **weights, reg=reg, reg_convention=convention, want=["loss"]
    )
    exact.assert_digits(result.loss + first_layer, published.TOY_LOSS, 1e-15)


@pytest.mark.parametrize("reg", published.FULLY_CONNECTED_LOSS)
def test_fully_connected_net(client, reg):
    result = client.compute(**published.fully_connected_net(), reg=reg)
    exact.assert_digits(result.loss, published.FULLY_CONNECTED_LOSS[reg], 3e-15)


def test_sanity_of_zero_scores(client):
    zeros = {"scores": np.zeros((3, 10)), "labels": [3, 0, 9]}
    exact.assert_digits(client.compute(**zeros).loss, "2.302585092994045684", 1e-15)
    assert client.compute(**zeros, loss="hinge").loss == 9


def test_hinge_and_softmax_of_the_notes(client):
    scores, label = published.NOTES_SCORES
    notes = {"scores": [list(scores)], "labels": [label]}
    hinge = client.compute(**notes, loss="hinge").loss
    exact.assert_digits(hinge, published.NOTES_HINGE)
    exact.assert_relative(hinge, mpf("1.58"), 4e-16, 1.0)
    exact.assert_digits(client.compute(**notes).loss, published.NOTES_SOFTMAX, 1e-15)


def test_hinge_of_the_slides(client):
    result = client.compute(
        scores=[list(row) for row in published.SLIDES_SCORES],
        labels=list(published.SLIDES_LABELS),
        loss="hinge",
        want=["loss", "row_losses"],
    )
    for actual, printed in zip(result.row_losses, published.SLIDES_HINGE, strict=True):
        exact.assert_relative(actual, mpf(printed), 4e-16, 1.0)
    exact.assert_relative(result.loss, mpf("15.8") / 3, 4e-16, 1.0)


def test_combined_path(client):
    result = client.compute(**published.COMBINED)
    exact.assert_digits(result.loss, published.COMBINED_LOSS, 1e-15)
    for actual_row, printed_row in zip(result.dscores, published.COMBINED_DSCORES, strict=True):
        for actual, printed in zip(actual_row, printed_row, strict=True):
            exact.assert_digits(actual, printed, 1e-15)


def test_class_weights_divide_by_the_weights_of_the_labels(client):
    rows = {"scores": [[1.0, 2, 3], [0, 0.5, -1], [2, 2, 0], [1, -1, 1]], "labels": [0, 2, 1, 1]}
    losses = client.compute(**rows, reduction="none", want=["row_losses"]).row_losses
    weighed = client.compute(**rows, class_weights=[1.0, 2, 3])
    label_weights = np.array([1.0, 3, 2, 2])
    assert weighed.denominator == 8
    expected = float(label_weights @ losses / 8)
    exact.assert_relative(weighed.loss, mpf(expected), 4e-16, 1.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_confident_row_has_a_loss(client, dtype):
    """Subtracting the label's score from lse would lose it all in float32."""
    scores, label = published.CONFIDENT_SCORES
    result = client.compute(scores=np.array([scores], dtype), labels=[label])
    tolerance = exact.bound(17, dtype)
    exact.assert_relative(result.loss, mpf(published.CONFIDENT_LOSS), tolerance, 1.0e-300)
    assert result.dscores[0, 0] < 0
