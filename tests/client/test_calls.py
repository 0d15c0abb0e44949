"""What both clients share: settings, timeouts, the caller's own arrays."""

from __future__ import annotations

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest

from lossgrad import AsyncClient, Client, InvalidArgument, Result
from lossgrad.calls import LONGEST_TIMEOUT, ComputeCall, read_timeout

SCORES = np.zeros((3, 2), np.float32)
ARGUMENTS = {"scores": SCORES, "labels": [0, 1, 1]}
KINDS = pytest.mark.parametrize("kind", [Client, AsyncClient])


def read_only(array):
    array.flags.writeable = False
    return array


@KINDS
def test_pickles_as_target_and_options(kind):
    client = kind("http://localhost:1", timeout=5)
    copy = pickle.loads(pickle.dumps(client))
    assert type(copy) is kind
    assert repr(copy) == repr(client) == f"{kind.__name__}('http://localhost:1', timeout=5.0)"


@KINDS
@pytest.mark.parametrize(
    "timeout", [0, -1, math.nan, math.inf, -math.inf, True, "3", 1j, [1], np.bool_(True)]
)
def test_bad_timeouts(kind, timeout):
    with pytest.raises(InvalidArgument, match="timeout: must be a finite number > 0"):
        kind("localhost:1", timeout=timeout)


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        (3, 3.0),
        (np.float32(0.5), 0.5),
        (np.int64(2), 2.0),
        (Fraction(1, 4), 0.25),
        (10**400, LONGEST_TIMEOUT),
        (1e300, LONGEST_TIMEOUT),
    ],
)
def test_good_timeouts(timeout, seconds):
    assert read_timeout(timeout) == seconds


def test_timeout_of_one_call():
    with Client("localhost:1") as client, pytest.raises(InvalidArgument, match="timeout: must be"):
        client.compute(**ARGUMENTS, timeout=0)


def test_unknown_names_are_no_type_errors():
    with Client("localhost:1") as client, pytest.raises(InvalidArgument) as caught:
        client.compute(**ARGUMENTS, score=1, temperatur=2)
    assert [v.field for v in caught.value.violations] == ["score", "temperatur"]


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
