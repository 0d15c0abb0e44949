"""Messages cut off and spoiled: answered or refused as stock code has it, and nothing breaks."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest

import lossgrad
from lossgrad.codecs.proto import encode_problem
from lossgrad.types import Problem
from tests.security import bulk, forms
from tests.security.damage import damaged, damaged_streams, truncations
from tests.security.reference import bits_of, bits_of_stream, joined, meaning_of
from tests.security.rows import JSON, LISTS, Body

SPOILED_MESSAGES = 3000
SPOILED_STREAMS = 1200
SPOILED_BODIES = 1200

RNG = np.random.default_rng(5)
LABELLED = {
    "scores": RNG.normal(size=(2, 3)).astype(np.float32),
    "labels": np.array([1, 2], np.uint16),
    "class_weights": np.array([0.5, 1.0, 2.0]),
    "ignore_index": 7,
    "label_smoothing": 0.125,
    "temperature": 2.0,
    "reduction": "sum",
    "nonfinite": "propagate",
    "want": ["dscores", "row_losses", "probs"],
    "gradient_dtype": "f64",
}
LAYERED = {
    "x": RNG.normal(size=(2, 2)).astype(np.float16),
    "w1": RNG.normal(size=(2, 2)).astype(np.float32),
    "b1": np.zeros(2, np.float32),
    "w2": RNG.normal(size=(2, 2)),
    "targets": np.array([[0.25, 0.75], [1.0, 0.0]]),
    "sample_weights": np.array([2.0, 0.5]),
    "reg": 0.5,
    "denominator": 3.0,
    "want": ["dw1", "dw2", "dx", "dtargets"],
}
CALLS = {"labels": LABELLED, "layers": LAYERED}
BODIES = {"lists": forms.lists(LABELLED), "base64": forms.in_base64(LAYERED)}
MESSAGES = {
    f"{call}, written by {writer}": write(arguments)
    for call, arguments in CALLS.items()
    for writer, write in {
        "stock code": forms.unary,
        "ours": lambda arguments: encode_problem(Problem.of(arguments)),
    }.items()
}


@pytest.fixture(scope="module")
def local():
    with lossgrad.Client("local:") as client:
        yield client


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(served, local, name):
    message = MESSAGES[name]
    sent = [
        message,
        *truncations(message),
        *damaged(message, SPOILED_MESSAGES // len(MESSAGES), seed=7),
    ]
    replies = bulk.compute(served.addresses["gRPC"], sent)
    assert replies[0].code == "OK"
    for request, reply in zip(sent, replies, strict=True):
        code, bits = meaning_of(request, local)
        assert reply.code == code, request
        assert not bits or bits_of(*reply.messages) == bits, request


@pytest.mark.parametrize("call", CALLS)
def test_streams(served, local, call):
    messages = forms.stream(CALLS[call])
    cut = [
        [*messages[:place], beginning]
        for place, message in enumerate(messages)
        for beginning in truncations(message)
    ]
    spoiled = damaged_streams(messages, SPOILED_STREAMS // len(CALLS), seed=8)
    sent = list(chain([messages], cut, spoiled))
    replies = bulk.compute_streams(served.addresses["gRPC"], sent)
    assert replies[0].code == "OK"
    assert {reply.code for reply in replies} <= {"OK", "INVALID_ARGUMENT", "OUT_OF_RANGE"}
    for stream, reply in zip(sent, replies, strict=True):
        if reply.code == "OK":
            assert bits_of_stream(reply.messages) == meaning_of(joined(stream), local).bits, stream


@pytest.mark.parametrize("text", BODIES.values(), ids=BODIES)
def test_bodies(endpoints, text):
    sent = [*truncations(text), *damaged(text, SPOILED_BODIES // len(BODIES), seed=9)]
    codes = [endpoints.send(LISTS, Body(body, JSON)).code for body in sent]
    assert set(codes) <= {200, 400, 413}
    assert set(codes[: len(text)]) == {400}
