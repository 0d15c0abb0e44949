"""Contract §5: every row loss and every entry of dScores within (r + 8) units.

Each test prints its worst error as a fraction of the bound (``pytest -s``).
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossgrad.types import Problem
from lossgrad_service.core import compute
from tests import exact
from tests.exact import in_bounds, one_hot

quick = settings(derandomize=True, deadline=None, database=None, max_examples=60)
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])

SPREADS = [0.0, 1e-6, 0.1, 1.0, 5.0, 17.0, 40.0, 88.0, 104.0]
OFFSETS = [0.0, -1.5, 100.0, -7e4, 1e8]


def worst_error(scores, targets, **options):
    """Return the worst error of a batch in units of the bound; targets are labels or rows."""
    scores = np.asarray(scores)
    is_labels = np.ndim(targets) == 1
    is_hard = is_labels and not {"label_smoothing", "z_loss"} & {k for k, v in options.items() if v}
    result = compute(
        Problem.of(
            {
                "scores": scores,
                "labels" if is_labels else "targets": targets,
                "reduction": "sum",
                "want": ["row_losses", "dscores"],
                **options,
            }
        )
    )
    worst = 0.0
    for i, row in enumerate(scores.tolist()):
        t = one_hot(targets[i], len(row)) if is_labels else np.asarray(targets)[i].tolist()
        true = exact.row(row, t, **options)
        scales = map(abs, true.dscores) if is_hard else true.scale(0.0)
        errors = [in_bounds(result.row_losses[i], true.loss, abs(true.loss), true, scores.dtype)]
        errors += [
            in_bounds(value, entry, scale, true, scores.dtype)
            for value, entry, scale in zip(result.dscores[i], true.dscores, scales, strict=True)
        ]
        worst = max(worst, *errors)
    return worst


@pytest.fixture(scope="module")
def within():
    """Hold errors to the bound; print the worst of each dtype when the module is done."""
    worst = {}

    def check(name, error):
        worst[name] = max(worst.get(name, 0.0), error)
        assert error <= 1, f"{name}: {error} × the bound"

    yield check
    print("", *(f"{name}: {error:.3f} of the bound" for name, error in worst.items()), sep="\n")


@st.composite
def batches(draw, max_classes=8):
    """Draw rows of one regime, with labels at the maximum, at the minimum or anywhere."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows, classes = draw(st.integers(1, 3)), draw(st.integers(1, max_classes))
    scores = draw(st.sampled_from(SPREADS)) * rng.normal(size=(rows, classes))
    scores += draw(st.sampled_from(OFFSETS))
    if classes > 2 and draw(st.booleans()):
        scores[:, rng.integers(classes)] = -np.inf if draw(st.booleans()) else scores[:, 0]
    allowed = np.where(np.isinf(scores), np.nan, scores)
    labels = draw(
        st.sampled_from(
            [
                np.nanargmax(allowed, axis=1),
                np.nanargmin(allowed, axis=1),
                np.isinf(scores).argmin(1),
            ]
        )
    )
    return scores, labels


@dtypes
@given(batch=batches())
@quick
def test_labels(within, dtype, batch):
    scores, labels = batch
    within(f"labels {dtype.__name__}", worst_error(scores.astype(dtype), labels))


@dtypes
@given(batch=batches(), temperature=st.sampled_from([0.3, 0.7, 3.0]))
@quick
def test_temperature(within, dtype, batch, temperature):
    scores, labels = batch
    error = worst_error(scores.astype(dtype), labels, temperature=temperature)
    within(f"temperature {dtype.__name__}", error)


@dtypes
@given(
    batch=batches(),
    temperature=st.sampled_from([1.0, 1.3]),
    softcap=st.sampled_from([2.5, 30.0, 1e9]),
)
@quick
def test_softcap(within, dtype, batch, temperature, softcap):
    scores, labels = batch
    error = worst_error(scores.astype(dtype), labels, temperature=temperature, softcap=softcap)
    within(f"softcap {dtype.__name__}", error)


@dtypes
@given(
    batch=batches(),
    smoothing=st.sampled_from([0.0, 0.1, 1.0]),
    z_loss=st.sampled_from([0.0, 1e-3, 0.5]),
)
@quick
def test_smoothing_and_z_loss(within, dtype, batch, smoothing, z_loss):
    scores, labels = batch
    error = worst_error(scores.astype(dtype), labels, label_smoothing=smoothing, z_loss=z_loss)
    within(f"smoothing and z-loss {dtype.__name__}", error)


@dtypes
@given(batch=batches(), seed=st.integers(0, 1000))
@quick
def test_targets(within, dtype, batch, seed):
    scores = batch[0].astype(dtype)
    shares = np.random.default_rng(seed).random(scores.shape).astype(dtype)
    targets = np.where(np.isinf(scores), 0, shares)
    within(f"targets {dtype.__name__}", worst_error(scores, targets))


CONFIDENT = [[17, 0], [40, 0], [88, 0], [104, 0], [0, 0], [5, -5], [1e8, 1e8 + 8]]


@dtypes
@pytest.mark.parametrize("label", [0, 1])
def test_confident_rows(within, dtype, label):
    rows = [*CONFIDENT, [700, 0]] if dtype is np.float64 else CONFIDENT
    error = worst_error(np.array(rows, dtype), [label] * len(rows))
    within(f"confident {dtype.__name__}", error)


@pytest.mark.parametrize(("dtype", "huge"), [(np.float32, 3e38), (np.float64, 8e307)])
def test_scores_whose_difference_does_not_fit(within, dtype, huge):
    scores = np.array([[huge, -huge, 0], [huge, huge, -huge], [-huge, huge, -huge]], dtype)
    for labels in ([0, 0, 0], [1, 1, 1], [2, 2, 2]):
        within(f"huge {dtype.__name__}", worst_error(scores, labels))


@dtypes
def test_a_thousand_classes(within, dtype):
    scores = (4 * np.random.default_rng(0).normal(size=(2, 1000))).astype(dtype)
    labels = [int(scores[0].argmax()), 3]
    within(f"1000 classes {dtype.__name__}", worst_error(scores, labels))


@dtypes
def test_z_loss_whose_pull_cancels(within, dtype):
    """Q + 2αa·lse is nearly 0: its digits are those of lse that are left."""
    scores = np.log(np.random.default_rng(1).dirichlet(np.ones(4), 30)) - 1.001
    error = worst_error(scores.astype(dtype), [0] * 30, z_loss=0.5)
    within(f"cancelling pull {dtype.__name__}", error)


WEIGHTY = {
    "class weights": {"class_weights": [1e5, 3e4]},
    "sample weights": {"sample_weights": [1e5] * 4},
    "denominator": {"denominator": -1e-5},
    "temperature": {"temperature": 1e-5},
    "targets": {},
}


@pytest.mark.parametrize("name", WEIGHTY)
def test_what_a_factor_brings_back_from_the_subnormal_numbers(name):
    """e^{-97} has 13 bits in float32; times 1e5 it is a normal number and all of them count."""
    gaps = np.array([88.0, 95.0, 97.0, 98.5], np.float32)
    scores = np.stack([gaps, 0 * gaps], axis=1)
    options = WEIGHTY[name]
    if name == "temperature":
        scores *= np.float32(1e-5)
    means = {} if name == "denominator" else {"reduction": "sum"}
    targets = {"targets": [[1e5, 0.0]] * 4} if name == "targets" else {"labels": [0] * 4}
    want = {"want": ["dscores", "row_losses"]}
    result = compute(Problem.of({"scores": scores} | targets | options | means | want))
    factor = 1 / options.get("denominator", 1.0)
    known = {
        "class_weights": options.get("class_weights"),
        "sample_weight": options.get("sample_weights", [1.0])[0],
        "temperature": options.get("temperature", 1.0),
    }
    for i, row in enumerate(scores.tolist()):
        true = exact.row(row, targets.get("targets", [[1.0, 0.0]] * 4)[i], **known)
        tolerance = exact.bound(true.spread, np.float32)
        floor = exact.smallest_normal(np.float32)
        exact.assert_relative(result.dscores[i, 1], true.dscores[1] * factor, tolerance, floor)
        if name != "targets":
            exact.assert_relative(result.dscores[i, 0], true.dscores[0] * factor, tolerance, floor)
        exact.assert_relative(result.row_losses[i], true.loss, tolerance, floor)


@dtypes
def test_one_class_has_no_loss_and_no_gradient(dtype):
    problem = Problem.of({"scores": np.array([[3]], dtype), "labels": [0]})
    result = compute(problem)
    assert result.loss == 0
    assert result.dscores.tobytes() == bytes(result.dscores.nbytes)  # +0, not −0


def test_half_precision_is_one_rounding_of_the_float32_result():
    rng = np.random.default_rng(2)
    half = rng.normal(size=(50, 7)).astype(np.float16)
    labels = rng.integers(0, 7, 50)
    want = ["dscores", "probs", "row_losses"]
    narrow = compute(Problem.of({"scores": half, "labels": labels, "want": want}))
    wide = compute(Problem.of({"scores": half.astype("f4"), "labels": labels, "want": want}))
    np.testing.assert_array_equal(narrow.dscores, wide.dscores.astype(np.float16))
    np.testing.assert_array_equal(narrow.probs, wide.probs.astype(np.float16))
    np.testing.assert_array_equal(narrow.row_losses, wide.row_losses)
