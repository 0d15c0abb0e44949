"""Contract §5's bounds in every regime, against 400 digits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from tests import exact
from tests.behaviour.drawing import for_all

WANT = ["row_losses", "dscores"]
DTYPES = [np.float32, np.float64]


@st.composite
def batches(draw):
    """Draw rows from nearly uniform to hopelessly confident, with ties and offsets."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    rows, classes = draw(st.integers(1, 4)), draw(st.integers(2, 8))
    spread = draw(st.sampled_from([1e-6, 0.1, 1.0, 10.0, 40.0, 120.0, 800.0]))
    offset = draw(st.sampled_from([0.0, 3.5, -1000.0, 2.0**20]))
    scores = spread * rng.normal(size=(rows, classes)) + offset
    if draw(st.booleans()):
        scores[:, -1] = scores[:, 0]
    choice = draw(st.sampled_from(["random", "largest", "smallest"]))
    labels = {
        "random": rng.integers(0, classes, rows),
        "largest": scores.argmax(axis=1),
        "smallest": scores.argmin(axis=1),
    }[choice]
    return scores, labels


@pytest.mark.parametrize("dtype", DTYPES)
def test_labels(client, examples, dtype):
    def holds(batch):
        hold_labels(client, batch[0].astype(dtype), batch[1])

    for_all(batches(), examples, holds)


def hold_labels(client, scores, labels, **options):
    """Hold every row loss and every entry of dscores to the bound, relative."""
    result = client.compute(scores=scores, labels=labels, reduction="sum", want=WANT, **options)
    floor = exact.smallest_normal(scores.dtype)
    for i, row in enumerate(scores.tolist()):
        truth = exact.row(row, exact.one_hot(labels[i], len(row)), **options)
        tolerance = exact.bound(truth.spread, scores.dtype)
        exact.assert_relative(result.row_losses[i], truth.loss, tolerance, floor)
        for actual, value in zip(result.dscores[i], truth.dscores, strict=True):
            exact.assert_relative(actual, value, tolerance, floor)


OPTIONS = [
    {"label_smoothing": 0.1},
    {"label_smoothing": 1.0},
    {"z_loss": 1e-3},
    {"label_smoothing": 0.25, "z_loss": 0.5, "sample_weight": 3.0},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_gradient_with_smoothing_and_z_loss(client, examples, dtype, options):
    def holds(batch):
        scores, labels = batch[0].astype(dtype), batch[1]
        sent = {name: value for name, value in options.items() if name != "sample_weight"}
        weight = options.get("sample_weight", 1.0)
        result = client.compute(
            scores=scores,
            labels=labels,
            **sent,
            sample_weights=np.full(len(labels), weight),
            reduction="sum",
            want=WANT,
        )
        for i, row in enumerate(scores.tolist()):
            truth = exact.row(row, exact.one_hot(labels[i], len(row)), **options)
            assert_scaled(result.dscores[i], truth, dtype)

    for_all(batches(), examples, holds)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradient_with_targets(client, examples, dtype):
    def holds(batch):
        scores = batch[0].astype(dtype)
        targets = np.abs(np.sin(scores)).astype(dtype)
        result = client.compute(scores=scores, targets=targets, reduction="sum", want=WANT)
        for i, row in enumerate(scores.tolist()):
            truth = exact.row(row, targets[i].tolist())
            assert_scaled(result.dscores[i], truth, dtype)
            tolerance = exact.bound(truth.spread, dtype)
            exact.assert_relative(
                result.row_losses[i], truth.loss, tolerance, exact.smallest_normal(dtype)
            )

    for_all(batches(), examples, holds)


def assert_scaled(actual, truth, dtype):
    """Hold a row of gradients to the bound times |Q + 2αa·lse|·p + q, absolute."""
    tolerance, floor = exact.bound(truth.spread, dtype), exact.smallest_normal(dtype)
    for value, true, scale in zip(actual, truth.dscores, truth.scale(floor), strict=True):
        exact.assert_absolute(value, true, tolerance * scale)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradient_where_the_z_term_nearly_cancels_the_other(client, dtype):
    """With lse near −1 and α = ½, Q + 2·α·lse is small, and so is the error allowed."""
    rng = np.random.default_rng(62)
    scores = rng.normal(size=(20, 5))
    scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True)) + 1 - 1e-3
    scores, labels = scores.astype(dtype), np.arange(20) % 5
    result = client.compute(scores=scores, labels=labels, z_loss=0.5, reduction="sum")
    for i, row in enumerate(scores.tolist()):
        truth = exact.row(row, exact.one_hot(labels[i], 5), z_loss=0.5)
        assert_scaled(result.dscores[i], truth, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gap", [10.0, 30.0, 80.0])
def test_log_partition_of_a_confident_row(client, dtype, gap):
    """With a maximum of 0, log1p(T) is all there is."""
    scores = np.array([[0.0, -gap]], dtype)
    result = client.compute(scores=scores, labels=[0], want=["log_partition"])
    tolerance = exact.bound(gap, dtype)
    assert result.log_partition[0] == pytest.approx(np.log1p(np.exp(-gap)), rel=tolerance, abs=0)


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("temperature", [0.25, 0.7, 3.0, 8.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_temperature_costs_nothing(client, dtype, temperature, offset):
    scores = (5 * np.random.default_rng(60).normal(size=(20, 6)) + offset).astype(dtype)
    hold_labels(client, scores, np.arange(20) % 6, temperature=temperature)


@pytest.mark.parametrize("softcap", [2.0, 30.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_softcap_costs_nothing(client, dtype, softcap):
    scores = (20 * np.random.default_rng(63).normal(size=(20, 6))).astype(dtype)
    hold_labels(client, scores, np.arange(20) % 6, softcap=softcap)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", [1000, 50_000])
def test_many_classes(client, dtype, classes):
    rng = np.random.default_rng(61)
    scores = (3 * rng.normal(size=(2, classes))).astype(dtype)
    labels = [int(scores[0].argmax()), 7]
    result = client.compute(scores=scores, labels=labels, reduction="sum", want=["row_losses"])
    wide = scores.astype(np.longdouble)
    for i, label in enumerate(labels):
        loss = np.log(np.exp(wide[i] - wide[i, label]).sum())
        tolerance = exact.bound(float(np.ptp(wide[i])), dtype)
        assert abs(result.row_losses[i] - loss) <= tolerance * loss


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gap", [20.0, 40.0, 85.0])
def test_the_label_entry_is_minus_the_sum_of_the_others(client, dtype, gap):
    """p − 1 would be 0 here; the exact value is −(sum of the others)/(1 + T)."""
    scores = np.array([[gap, 0.0, 1.0, -1.0]], dtype)
    result = client.compute(scores=scores, labels=[0])
    others = np.exp([-gap, 1 - gap, -1 - gap]).sum()
    tolerance = exact.bound(gap + 1, dtype)
    assert result.dscores[0, 0] == pytest.approx(-others / (1 + others), rel=tolerance, abs=0)
    assert result.loss == pytest.approx(np.log1p(others), rel=tolerance, abs=0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_scalars_accumulate_in_float64(client, dtype):
    """A float32 sum of 30,000 equal losses would be off by far more than one ulp."""
    rows = 30_000
    scores = np.zeros((rows, 2), dtype)
    h1, labels = np.ones((rows, 1), dtype), np.zeros(rows, np.uint8)
    result = client.compute(
        scores=scores,
        h1=h1,
        labels=labels,
        reduction="sum",
        gradient_dtype="f64",
        want=["loss", "dw2", "db2"],
    )
    assert result.loss == pytest.approx(rows * np.log(2), rel=exact.bound(0, dtype))
    np.testing.assert_array_equal(result.db2, [-rows / 2, rows / 2])
    np.testing.assert_array_equal(result.dw2, [[-rows / 2, rows / 2]])
