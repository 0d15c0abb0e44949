"""``cross_entropy`` with labels, over all that it has in common with us."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from integrations import drawing
from integrations.agreement import assert_agree, row_allowances, spreads
from integrations.drawing import LARGEST_WEIGHT, REDUCTIONS, dtypes, fixed
from integrations.ours import compute
from integrations.pytorch.losses import IGNORED, answer, cross_entropy, cross_entropy_of

SMOOTHINGS = st.sampled_from([0.0, 0.1, 1.0])


def hold(problem):
    scores = problem["scores"]
    allowed = row_allowances(scores, spreads(scores), LARGEST_WEIGHT)
    assert_agree(compute(**problem), cross_entropy(problem), allowed)


@dtypes
@given(data=st.data())
@fixed
def test_weights_ignored_rows_and_smoothing(dtype, data):
    problem = data.draw(drawing.labelled(dtype)) | {"reduction": data.draw(REDUCTIONS)}
    problem |= data.draw(drawing.class_weights(problem)) | data.draw(drawing.ignored(problem))
    hold(problem | {"label_smoothing": data.draw(SMOOTHINGS)})


@dtypes
@given(data=st.data())
@fixed
def test_masks(dtype, data):
    """Without smoothing, which PyTorch spreads over masked classes too."""
    problem = data.draw(drawing.with_masks(drawing.labelled(dtype)))
    problem |= data.draw(drawing.class_weights(problem)) | data.draw(drawing.ignored(problem))
    hold(problem | {"reduction": data.draw(REDUCTIONS)})


@dtypes
@given(data=st.data())
@fixed
def test_sample_weights(dtype, data):
    """PyTorch has none: its users weigh the rows' losses and divide."""
    problem = data.draw(drawing.labelled(dtype))
    problem |= data.draw(drawing.class_weights(problem)) | data.draw(drawing.ignored(problem))
    scores, labels = problem["scores"], problem["labels"]
    weights = data.draw(drawing.generators).uniform(0.1, LARGEST_WEIGHT, len(labels)).astype(dtype)
    counted = weights * (labels != problem.get("ignore_index", IGNORED))
    of_class = problem.get("class_weights", np.ones(scores.shape[1], dtype))
    total = float((counted * of_class[np.where(counted > 0, labels, 0)]).sum())

    def weighted_mean(at):
        losses = cross_entropy_of(problem, at, reduction="none")
        return (torch.tensor(weights) * losses).sum() / total

    allowed = row_allowances(scores, spreads(scores), LARGEST_WEIGHT**2)
    assert_agree(compute(**problem, sample_weights=weights), answer(weighted_mean, scores), allowed)


@pytest.mark.parametrize("half", [np.float16, ml_dtypes.bfloat16])
@given(problem=drawing.labelled(np.float32))
@fixed
def test_half_precision(half, problem):
    """One rounding of the float32 result, which PyTorch is asked for."""
    problem |= {"scores": problem["scores"].astype(half)}
    wide = problem["scores"].astype(np.float32)
    ours, theirs = compute(**problem), cross_entropy(problem | {"scores": wide})
    allowed = row_allowances(wide, spreads(wide))
    one_rounding = np.spacing(np.abs(ours.dscores)).astype(np.float32) / 2
    error = np.abs(ours.dscores.astype(np.float32) - theirs.dscores)
    assert np.all(error <= one_rounding + allowed[:, None] / len(wide))
    assert abs(ours.loss - theirs.loss) <= allowed.sum()


@dtypes
def test_leading_axes(dtype):
    """PyTorch has the classes second, we have them last."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(2, 3, 4, 5)).astype(dtype)
    labels = rng.integers(0, 5, (2, 3, 4))
    ours = compute(scores=scores, labels=labels)
    theirs = answer(
        lambda at: functional.cross_entropy(at.movedim(-1, 1), torch.tensor(labels)), scores
    )
    allowed = float(row_allowances(scores.reshape(-1, 5), spreads(scores.reshape(-1, 5))).max())
    np.testing.assert_allclose(ours.loss, theirs.loss, rtol=0, atol=allowed)
    np.testing.assert_allclose(ours.dscores, theirs.dscores, rtol=0, atol=allowed / 24)


@dtypes
def test_tensors_are_taken_as_they_are(dtype):
    scores = torch.tensor(np.random.default_rng(1).normal(size=(5, 3)).astype(dtype))
    labels = torch.tensor([0, 2, 1, 1, 0])
    of_tensors = compute(scores=scores, labels=labels)
    of_arrays = compute(scores=scores.numpy(), labels=labels.numpy())
    assert of_tensors.loss == of_arrays.loss
    assert of_tensors.dscores.tobytes() == of_arrays.dscores.tobytes()


@dtypes
@given(data=st.data())
@fixed
def test_probabilities(dtype, data):
    """`probs`, `log_partition` and `predictions`, also where maxima tie."""
    scores = data.draw(drawing.with_masks(drawing.labelled(dtype)))["scores"]
    if data.draw(st.booleans()):
        scores = np.round(scores)
    ours = compute(
        scores=scores, labels=scores.argmax(1), want=["probs", "log_partition", "predictions"]
    )
    rows = torch.tensor(scores)
    allowed = row_allowances(scores, spreads(scores))[:, None]
    assert np.all(np.abs(ours.probs - torch.softmax(rows, 1).numpy()) <= allowed)
    unit = np.finfo(dtype).eps * np.abs(ours.log_partition)
    assert np.all(
        np.abs(ours.log_partition - torch.logsumexp(rows, 1).numpy()) <= allowed[:, 0] + unit
    )
    np.testing.assert_array_equal(ours.predictions, rows.argmax(1).numpy())
