"""The caller's own arrays, and what a call is checked for before anything is sent."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad import InvalidArgument, Result
from lossgrad.compute_call import ComputeCall

SCORES = np.zeros((3, 2), np.float32)
ARGUMENTS = {"scores": SCORES, "labels": [0, 1, 1]}


def read_only(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("out", "field", "detail"),
    [
        (3, "out", "must be a dict of arrays, got int"),
        ({"scores": SCORES}, "out.scores", "is not an array among the outputs: row_losses,"),
        ({"loss": SCORES}, "out.loss", "is not an array among the outputs: row_losses,"),
        ({"probs": SCORES}, "out.probs", "is not asked for; add 'probs' to want"),
        ({"dscores": [[0.0]]}, "out.dscores", "must be a NumPy array, got list"),
        ({"dscores": SCORES[:2]}, "out.dscores", "must have shape (3, 2), got (2, 2)"),
        ({"dscores": np.zeros((3, 2))}, "out.dscores", "dtype must be f32, got float64"),
        ({"dscores": read_only(SCORES.copy())}, "out.dscores", "must be writeable"),
    ],
)
def test_out_that_does_not_fit(out, field, detail):
    with pytest.raises(InvalidArgument) as caught:
        ComputeCall.of(ARGUMENTS, out)
    [violation] = caught.value.violations
    assert violation.field == field
    assert violation.detail.startswith(detail)


def test_two_outputs_in_one_array():
    arguments = ARGUMENTS | {"want": ["dscores", "probs", "row_losses"]}
    memory = np.zeros((4, 2), np.float32)
    with pytest.raises(InvalidArgument) as caught:
        ComputeCall.of(arguments, {"dscores": memory[:3], "probs": memory[1:]})
    [violation] = caught.value.violations
    assert violation.field == "out.probs"
    assert violation.detail == "shares memory with out.dscores; give each its own"


def test_two_outputs_side_by_side():
    memory = np.zeros((3, 4), np.float32)
    out = {"dscores": memory[:, ::2], "probs": memory[:, 1::2]}
    call = ComputeCall.of(ARGUMENTS | {"want": ["dscores", "probs"]}, out)
    assert call.out is out


def test_out_is_filled_and_is_the_result():
    wide = np.full((3, 4), 9, ">f4")
    call = ComputeCall.of(ARGUMENTS, {"dscores": wide[:, ::2]})
    answer = Result({"loss": 1.5, "dscores": np.arange(6, dtype="f4").reshape(3, 2)}, {"c": 1.0})
    result = call.deliver(answer)
    assert result.dscores is call.out["dscores"]
    assert wide.tolist() == [[0, 9, 1, 9], [2, 9, 3, 9], [4, 9, 5, 9]]
    assert (result.loss, result.timing) == (1.5, {"c": 1.0})


def test_bf16_answer_that_could_not_be_read(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ml_dtypes", None)
    with pytest.raises(InvalidArgument, match="gradient_dtype: bf16 needs the package ml-dtypes"):
        ComputeCall.of(ARGUMENTS | {"gradient_dtype": "bf16"}, None)
