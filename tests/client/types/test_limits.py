"""Which calls are too large, for every way that arrays travel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad import Limits, TooLarge
from lossgrad.types import Problem, limits
from lossgrad.types.quantities import OUTPUTS
from tests.client.drawing import problems

UNLIMITED = Limits(
    max_request_bytes=2**62,
    max_response_bytes=2**62,
    max_tensor_bytes=2**62,
    max_stream_bytes=2**62,
    max_held_bytes=2**62,
)


def layers(**options):
    """Two layers, in which every size is another: N = 5, C = 3, D = 7, P = 11."""
    arrays = {
        "x": np.zeros((5, 11), np.float32),
        "w1": np.zeros((11, 7), np.float32),
        "b1": np.zeros(7, np.float64),
        "w2": np.zeros((7, 3), np.float16),
        "labels": np.zeros(5, np.int16),
        "sample_weights": np.zeros(5, np.float32),
    }
    return Problem.of(arrays | options)


INPUT_BYTES = 5 * 11 * 4 + 11 * 7 * 4 + 7 * 8 + 7 * 3 * 2 + 5 * 2 + 5 * 4
PARAMETER_BYTES = INPUT_BYTES - 5 * 11 * 4
CONVERTED_BYTES = 8 * (11 * 7 + 7 * 3)
"""b1 is float64, and so are then w1 and w2 in the computation."""
BASE64_CHARACTERS = 296 + 412 + 76 + 56 + 16 + 28
SUM_BYTES = 8 * (7 * 3 + 3 + 11 * 7 + 7)
WANT = ["loss", "dscores", "dx", "row_losses", "dw2", "db2", "dw1", "db1"]
ROW_BYTES = 3 * 8 + 11 * 4 + 8
"""Scores are float64, the widest of what they are computed from."""
OUTPUT_BYTES = 5 * ROW_BYTES + 7 * 3 * 2 + 3 * 2 + 11 * 7 * 4 + 7 * 8

EXACT = [
    (limits.check_text, "max_request_bytes", BASE64_CHARACTERS),
    (limits.check_text, "max_response_bytes", OUTPUT_BYTES),
    (limits.check_answer, "max_response_bytes", OUTPUT_BYTES),
    (limits.check_arrays, "max_tensor_bytes", 11 * 7 * 4),
    (limits.check_arrays, "max_stream_bytes", INPUT_BYTES + OUTPUT_BYTES),
    (limits.check_stream, "max_tensor_bytes", 11 * 7 * 4),
    (limits.check_stream, "max_stream_bytes", INPUT_BYTES + OUTPUT_BYTES),
    (limits.check_stream, "max_held_bytes", PARAMETER_BYTES + CONVERTED_BYTES + SUM_BYTES),
    (limits.check_stream, "max_request_bytes", 11 * 4 + limits.ROOM),
    (limits.check_stream, "max_response_bytes", ROW_BYTES),
]


@pytest.mark.parametrize(("check", "limit", "size"), EXACT)
def test_a_limit_is_the_most_that_passes(check, limit, size):
    check(layers(want=WANT), replace(UNLIMITED, **{limit: size}))
    with pytest.raises(TooLarge) as caught:
        check(layers(want=WANT), replace(UNLIMITED, **{limit: size - 1}))
    assert caught.value.limit == limit
    assert f" {size} bytes, {limit} is {size - 1}; " in str(caught.value)


@pytest.mark.parametrize(
    ("check", "limit", "advice"),
    [
        (limits.check_answer, "max_response_bytes", "want less, or send fewer rows at a time"),
        (limits.check_text, "max_request_bytes", "batch's denominator, or call over gRPC, where"),
        (limits.check_text, "max_response_bytes", "batch's denominator, or call over gRPC, where"),
        (limits.check_stream, "max_tensor_bytes", "send fewer rows at a time with the whole"),
        (limits.check_stream, "max_stream_bytes", "want less, or send fewer rows at a time"),
        (limits.check_stream, "max_held_bytes", "want less, or have the server's limit raised"),
        (limits.check_stream, "max_request_bytes", "have the server's limit raised"),
        (limits.check_stream, "max_response_bytes", "want less, or have the server's limit raised"),
    ],
)
def test_advice(check, limit, advice):
    with pytest.raises(TooLarge, match=advice):
        check(layers(want=WANT), replace(UNLIMITED, **{limit: 1}))


@pytest.mark.parametrize(
    ("name", "advice"),
    [("scores", "send fewer rows"), ("w2", "have the server's limit raised")],
)
def test_fewer_rows_are_advised_where_they_would_help(name, advice):
    arrays = {"scores": np.zeros((2, 1)), "h1": np.zeros((2, 1)), "w2": np.zeros((1, 1))}
    arrays[name] = arrays[name].astype(np.float64)
    others = {other: array.astype(np.float16) for other, array in arrays.items() if other != name}
    problem = Problem.of(arrays | others | {"labels": np.zeros(2, np.int8), "want": ["loss"]})
    size = arrays[name].nbytes
    with pytest.raises(TooLarge, match=f"^{name} has {size} bytes, max_tensor_bytes is .*{advice}"):
        limits.check_arrays(problem, replace(UNLIMITED, max_tensor_bytes=size - 1))


def test_an_output_may_be_what_is_too_large():
    arguments = {"scores": np.zeros((2, 9), np.float16), "labels": np.zeros(2, np.int8)}
    narrow = replace(UNLIMITED, max_tensor_bytes=36)
    limits.check_arrays(Problem.of(arguments), narrow)
    with pytest.raises(TooLarge, match=r"^dscores would have 144 bytes, max_tensor_bytes is 36"):
        limits.check_arrays(Problem.of(arguments | {"gradient_dtype": "f64"}), narrow)


@pytest.mark.parametrize("rows", [2**18 - 1, 2**18, 2**18 + 1])
def test_from_where_on_a_call_is_a_stream(rows):
    scores = np.broadcast_to(np.float32(0), (rows, 2))
    problem = Problem.of({"scores": scores, "labels": np.zeros(rows, np.int8), "want": ["dscores"]})
    assert limits.array_bytes(problem) == rows * 17
    for known in (None, UNLIMITED):
        assert limits.is_streamed(problem, known) == (rows * 17 >= limits.STREAMED_FROM)


@pytest.mark.parametrize(
    ("limit", "size"),
    [("max_request_bytes", INPUT_BYTES), ("max_response_bytes", OUTPUT_BYTES)],
)
def test_a_call_that_no_message_holds_is_a_stream(limit, size):
    problem = layers(want=WANT)
    assert not limits.is_streamed(problem, replace(UNLIMITED, **{limit: size}))
    assert limits.is_streamed(problem, replace(UNLIMITED, **{limit: size - 1}))


@pytest.mark.parametrize(
    ("sent", "converted"),
    [
        ({"w2": "f4", "b2": "f4"}, 0),
        ({"w2": "f2", "b2": "f4"}, 4 * 21),
        ({"w2": "f2", "b2": "f8"}, 8 * 21),
        ({"w2": "f8", "b2": "f4"}, 8 * 3),
        ({"w2": "f8", "b2": "f8", "w1": "f8", "b1": "f8"}, 0),
    ],
)
def test_weights_are_held_in_the_dtype_of_the_computation_as_well(sent, converted):
    arrays = {"w1": np.zeros((11, 7), "f4"), "b1": np.zeros(7, "f4")}
    shapes = {"w2": (7, 3), "b2": (3,), "w1": (11, 7), "b1": (7,)}
    sent = {name: np.zeros(shapes[name], dtype) for name, dtype in sent.items()}
    if any(array.itemsize == 8 for array in sent.values()):
        converted += 8 * sum(array.size for name, array in arrays.items() if name not in sent)
    problem = layers(**(arrays | sent), want=["loss"])
    size = sum(a.nbytes for n, a in problem.inputs.items() if n != "x") + converted
    limits.check_stream(problem, replace(UNLIMITED, max_held_bytes=size))
    with pytest.raises(TooLarge, match=f" {size} bytes, max_held_bytes is {size - 1}"):
        limits.check_stream(problem, replace(UNLIMITED, max_held_bytes=size - 1))


def test_rows_of_which_there_are_none_have_no_limit():
    arrays = {"scores": np.zeros((0, 2**20)), "labels": np.zeros(0, np.int8)}
    limits.check_stream(Problem.of(arrays), replace(UNLIMITED, max_request_bytes=1))


@given(problems(), st.data())
def test_a_stream_is_refused_only_where_something_is_over_its_limit(problem, data):
    tensors = [array.nbytes for array in problem.inputs.values()]
    tensors += [problem.bytes_of(name) for name in problem.want if name in OUTPUTS]
    limit = data.draw(st.integers(0, 2 * sum(tensors)))
    for name, size in (("max_tensor_bytes", max(tensors)), ("max_stream_bytes", sum(tensors))):
        assert passes(problem, replace(UNLIMITED, **{name: limit})) == (size <= limit)


def passes(problem, published):
    try:
        limits.check_stream(problem, published)
    except TooLarge:
        return False
    return True
