"""Gradients in another dtype, and in one that is narrow."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from tests.behaviour import problems

FLOATS = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32, "f64": np.float64}


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient_dtype(client, name, dtype):
    problem = problems.labelled("x", seed=56, dtype=dtype)
    want = [*problems.gradients_of("x"), "probs"]
    own = client.compute(**problem, want=want)
    result = client.compute(**problem, gradient_dtype=name, want=want)
    assert result.probs.dtype == dtype
    ulp = float(ml_dtypes.finfo(FLOATS[name]).eps) + float(np.finfo(dtype).eps)
    for gradient in problems.gradients_of("x"):
        value = result.arrays[gradient]
        assert value.dtype == FLOATS[name], gradient
        np.testing.assert_allclose(
            value.astype(np.float64), own.arrays[gradient], rtol=ulp, atol=1e-7, err_msg=gradient
        )


def test_gradient_dtype_may_be_a_numpy_dtype(client):
    problem = problems.labelled("scores")
    assert client.compute(**problem, gradient_dtype=np.float16).dscores.dtype == np.float16
    assert client.compute(**problem, gradient_dtype=np.dtype("f4")).dscores.dtype == np.float32


def test_many_rows_of_float16(client):
    """A mean over 70,000 > 65,504 rows: neither the count nor 1/N fits float16 arithmetic."""
    rows = 70_000
    rng = np.random.default_rng(57)
    scores = rng.normal(size=(rows, 3)).astype(np.float16)
    labels = rng.integers(0, 3, rows).astype(np.uint8)
    result = client.compute(scores=scores, labels=labels)
    wide = scores.astype(np.float64)
    factors = np.exp(wide - wide.max(axis=1, keepdims=True))
    softmax = factors / factors.sum(axis=1, keepdims=True)
    exact = (softmax - np.eye(3)[labels]) / rows
    loss = -np.log(softmax[np.arange(rows), labels]).mean()
    assert result.denominator == rows
    assert result.loss == pytest.approx(loss, rel=1e-6)
    half_step = 2.0**-25
    np.testing.assert_allclose(
        result.dscores.astype(np.float64), exact, rtol=0, atol=half_step * (1 + 1e-4)
    )
