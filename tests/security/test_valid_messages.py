"""Calls drawn at random: answered as the oracle has it, or refused where something is wrong."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lossgrad.types import dtypes
from lossgrad.v1 import lossgrad_pb2 as pb
from tests.security import bulk, oracle, rows
from tests.security.drawing import calls

EXAMPLES = 120
REFUSED_EXAMPLES = 60


def answer_in(reply):
    """The loss and the arrays of a ComputeResponse."""
    message = pb.ComputeResponse.FromString(reply)
    found = {f.name: v for f, v in message.ListFields() if isinstance(v, pb.Tensor)}
    return message.loss, {name: as_array(tensor) for name, tensor in found.items()}


def as_array(tensor):
    dtype = dtypes.to_numpy(pb.Dtype.Name(tensor.dtype).removeprefix("DTYPE_").lower())
    return np.frombuffer(tensor.data, dtype).reshape(tensor.shape)


@settings(max_examples=EXAMPLES)
@given(call=calls())
def test_answers(served, call):
    sent = rows.everywhere(call, "").sent[rows.GRPC]
    [reply] = bulk.compute(served.addresses["gRPC"], [sent])
    assert reply.code == "OK"
    loss, arrays = answer_in(*reply.messages)
    expected = oracle.answer(call)
    assert abs(loss - expected["loss"].value) <= expected["loss"].allowed
    assert arrays.keys() == set(call["want"])
    for name, array in arrays.items():
        value, allowed = oracle.rounded(expected[name], array.dtype.name)
        error = np.abs(array.astype(np.float64) - value.reshape(array.shape))
        assert np.all(error <= allowed.reshape(array.shape)), name


WRONG = {
    "another leading axis": lambda call: {
        name: value[None] for name, value in call.items() if name in ("labels", "targets")
    },
    "a weight too many": lambda call: {"class_weights": np.ones(classes_of(call) + 1)},
    "NaN among weights": lambda call: {"class_weights": np.full(classes_of(call), np.nan)},
    "labels beside targets": lambda call: {
        "labels": np.zeros(leading_of(call), int),
        "targets": np.ones((*leading_of(call), classes_of(call))),
    },
    "an option out of range": lambda _: {"label_smoothing": 1.5},
    "an option of another loss": lambda call: (
        {"z_loss": 0.5} if call.get("loss") == "hinge" else {"margin": 2.0}
    ),
    "an output that it has not": lambda call: {
        "want": ["dtargets" if "labels" in call else "accuracy"]
    },
}


def classes_of(call):
    return call["scores" if "scores" in call else "w2"].shape[-1]


def leading_of(call):
    return next(call[name] for name in ("scores", "h1", "x") if name in call).shape[:-1]


@settings(max_examples=REFUSED_EXAMPLES)
@given(call=calls(), wrong=st.sampled_from(list(WRONG)))
def test_refusals(endpoints, call, wrong):
    row = rows.everywhere(call | WRONG[wrong](call), "")
    for endpoint, sent in row.sent.items():
        # JSON's lists say neither the dtype of an array nor the shape of an empty one.
        if endpoint != rows.LISTS:
            assert endpoints.send(endpoint, sent).code == row.refused.over(endpoint), endpoint
