"""``ComputeStream`` as a client of another make would use it, rightly and wrongly."""

from __future__ import annotations

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2, status_pb2

import lossgrad
from lossgrad.v1 import lossgrad_pb2 as pb
from tests.running import channel_to

STREAM = "/lossgrad.v1.LossGradService/ComputeStream"

RNG = np.random.default_rng(0)
N, C, D = 40, 7, 3
SCORES = RNG.normal(size=(N, C)).astype(np.float32)
H1 = RNG.normal(size=(N, D)).astype(np.float32)
W2 = RNG.normal(size=(D, C)).astype(np.float32)
LABELS = RNG.integers(C, size=N)
CODES = {"float32": pb.DTYPE_F32, "int64": pb.DTYPE_I64, "float64": pb.DTYPE_F64}
INPUTS = {"scores": SCORES, "h1": H1, "w2": W2, "labels": LABELS}
WANT = [pb.OUTPUT_LOSS, pb.OUTPUT_DSCORES, pb.OUTPUT_DW2, pb.OUTPUT_ROW_LOSSES]
OUTPUTS = {"dscores": (N, C), "dw2": (D, C), "row_losses": (N,)}


@pytest.fixture(scope="module")
def method(running):
    with channel_to(running.grpc) as channel:
        yield channel.stream_stream(
            STREAM,
            request_serializer=pb.ComputeStreamRequest.SerializeToString,
            response_deserializer=pb.ComputeStreamResponse.FromString,
        )


def opening(**arrays):
    declared = {
        name: pb.Tensor(dtype=CODES[array.dtype.name], shape=array.shape)
        for name, array in (arrays or INPUTS).items()
    }
    want = [output for output in WANT if "w2" in declared or output != pb.OUTPUT_DW2]
    return pb.ComputeStreamRequest(open=pb.ComputeRequest(**declared, want=want))


def chunk(name, start=0, stop=None, *, offset=None):
    """Rows, or entries, of an input."""
    array = INPUTS[name]
    row_bytes = array[:1].nbytes
    return pb.InputChunk(
        input=pb.Input.Value(f"INPUT_{name.upper()}"),
        offset=start * row_bytes if offset is None else offset,
        data=array[start:stop].tobytes(),
    )


def message(*chunks):
    return pb.ComputeStreamRequest(chunks=chunks)


PARAMETERS = message(chunk("w2"), chunk("labels"))


def rows(start, stop):
    return message(chunk("scores", start, stop), chunk("h1", start, stop))


def answer(responses):
    """Join the chunks of the answers."""
    *messages, last = responses
    assert last.HasField("closing")
    found = dict.fromkeys(OUTPUTS, b"")
    for response in messages:
        for piece in response.chunks:
            name = pb.Output.Name(piece.output).removeprefix("OUTPUT_").lower()
            assert piece.offset == len(found[name])
            found[name] += piece.data
    dtypes = {name: np.float64 if name == "row_losses" else np.float32 for name in found}
    arrays = {name: np.frombuffer(data, dtypes[name]) for name, data in found.items()}
    return last.closing.loss, {n: a.reshape(OUTPUTS[n]) for n, a in arrays.items()}


@pytest.mark.parametrize("cuts", [[40], [1, 40], [3, 17, 18, 40], range(1, 41)])
def test_answer(running, method, cuts):
    pieces = [rows(start, stop) for start, stop in zip([0, *cuts], cuts, strict=False)]
    loss, arrays = answer(method(iter([opening(), PARAMETERS, *pieces])))
    with lossgrad.Client(running.grpc) as client:
        expected = client.compute(**INPUTS, want=["dscores", "dw2", "row_losses"])
    assert loss == expected.loss
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, getattr(expected, name))


def test_a_parameter_in_pieces(method):
    parameters = [
        message(chunk("w2", 0, 1), chunk("labels", 0, 10)),
        message(chunk("labels", 10, 40)),
        message(chunk("w2", 1, 3)),
    ]
    assert answer(method(iter([opening(), *parameters, rows(0, 40)])))[0] > 0


def test_no_rows(method):
    empty = {"scores": np.zeros((0, C), np.float32), "labels": np.zeros(0, int)}
    *_, last = method(iter([opening(**empty)]))
    assert last.closing.denominator == 0


REPEATED = pb.ComputeStreamRequest(open=opening().open, chunks=[chunk("w2")])
WITH_DATA = pb.ComputeStreamRequest(
    open=pb.ComputeRequest(
        scores=pb.Tensor(dtype=pb.DTYPE_F32, shape=[1, 1], data=bytes(4)),
        labels=pb.Tensor(dtype=pb.DTYPE_I64, shape=[1]),
    )
)
BEGUN = [opening(), PARAMETERS]

WRONG = {
    "nothing": ([], "open", "missing"),
    "no first message": ([PARAMETERS], "open", "missing"),
    "two first messages": ([opening(), opening()], "open", "came twice"),
    "an empty message": ([opening(), message()], "", "either open or chunks"),
    "a message of both": ([REPEATED], "", "either open or chunks"),
    "data at the opening": ([WITH_DATA], "scores.data", "chunks"),
    "an input that was not declared": (
        [opening(), message(chunk("w2"), pb.InputChunk(input=9, data=b"0000"))],
        "b1",
        "declared",
    ),
    "an unknown input": (
        [opening(), message(pb.InputChunk(input=99, data=b"0"))],
        "chunks[0].input",
        "99",
    ),
    "two chunks of an input": (
        [opening(), message(chunk("w2", 0, 1), chunk("w2", 1, 2))],
        "w2",
        "two chunks",
    ),
    "rows before parameters": ([opening(), rows(0, 40)], "labels", "0 of its 320 bytes"),
    "half a parameter": (
        [opening(), message(chunk("w2")), message(chunk("labels", 0, 3)), rows(0, 40)],
        "labels",
        "24 of its 320 bytes",
    ),
    "parameters after rows": ([*BEGUN, rows(0, 1), PARAMETERS], "w2", "after rows"),
    "parameters with rows": (
        [*BEGUN, message(chunk("scores"), chunk("h1"), chunk("w2"))],
        "w2",
        "came together with rows",
    ),
    "a parameter again": ([*BEGUN, message(chunk("w2"))], "w2", "offset 0, but 84 bytes"),
    "a gap": ([*BEGUN, rows(0, 2), rows(3, 4)], "scores", "offset 84, but 56 bytes"),
    "rows again": ([*BEGUN, rows(0, 2), rows(1, 3)], "scores", "offset 28, but 56 bytes"),
    "a negative offset": (
        [*BEGUN, message(chunk("scores", offset=-4), chunk("h1"))],
        "scores",
        "-4",
    ),
    "an empty chunk": (
        [*BEGUN, message(chunk("scores", 0, 0), chunk("h1", 0, 0))],
        "scores",
        "has 0 bytes",
    ),
    "half a row": (
        [*BEGUN, message(pb.InputChunk(input=1, data=bytes(20)), chunk("h1", 0, 1))],
        "scores",
        "whole rows of 28 bytes",
    ),
    "half an entry": (
        [opening(), message(pb.InputChunk(input=5, data=bytes(3)))],
        "w2",
        "whole elements of 4 bytes",
    ),
    "rows of one input only": (
        [*BEGUN, message(chunk("scores"))],
        "h1",
        "missing in a message with rows",
    ),
    "different rows": (
        [*BEGUN, message(chunk("scores", 0, 3), chunk("h1", 0, 2))],
        "h1",
        "2 rows, but that of scores has 3",
    ),
    "too few rows": ([*BEGUN, rows(0, 39)], "scores", "after 39 of 40 rows"),
    "no rows": (BEGUN, "scores", "after 0 of 40 rows"),
    "no parameters": ([opening()], "labels", "0 of its 320 bytes"),
    "too many rows": (
        [
            *BEGUN,
            rows(0, 40),
            message(chunk("scores", 0, 1, offset=1120), chunk("h1", 0, 1, offset=480)),
        ],
        "scores",
        "ends at byte 1148",
    ),
    "too much of a parameter": (
        [opening(), message(pb.InputChunk(input=5, data=bytes(88)))],
        "w2",
        "ends at byte 88",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_protocol_errors(method, case):
    messages, field, words = WRONG[case]
    with pytest.raises(grpc.RpcError) as caught:
        list(method(iter(messages)))
    error = caught.value
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error.details()
    request = error_details_pb2.BadRequest()
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    status_pb2.Status.FromString(details).details[0].Unpack(request)
    found = {violation.field: violation.description for violation in request.field_violations}
    assert words in found[field], found


def test_bytes_that_are_no_message(running):
    with channel_to(running.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
        list(channel.stream_stream(STREAM)(iter([b"\x0a\xff"])))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_what_is_declared_is_checked_before_anything_arrives(method):
    wrong = pb.ComputeStreamRequest(
        open=pb.ComputeRequest(
            scores=pb.Tensor(dtype=pb.DTYPE_F32, shape=[10**9, 1000]),
            labels=pb.Tensor(dtype=pb.DTYPE_I64, shape=[10**9 + 1]),
        )
    )
    with pytest.raises(grpc.RpcError, match="leading shape"):
        list(method(iter([wrong])))


def test_declared_sizes_cost_nothing_and_are_limited(method):
    huge = pb.ComputeStreamRequest(
        open=pb.ComputeRequest(
            scores=pb.Tensor(dtype=pb.DTYPE_F32, shape=[10**9, 10**6]),
            labels=pb.Tensor(dtype=pb.DTYPE_I64, shape=[10**9]),
        )
    )
    with pytest.raises(grpc.RpcError) as caught:
        list(method(iter([huge])))
    assert caught.value.code() == grpc.StatusCode.OUT_OF_RANGE
    assert "max_tensor_bytes" in caught.value.details()


def test_wrong_values_of_parameters_are_told_before_rows_are_read(method):
    labels = pb.InputChunk(input=pb.INPUT_LABELS, data=(LABELS + 5).tobytes())
    with pytest.raises(grpc.RpcError, match=r"labels: must be in \[0, 7\)"):
        list(method(iter([opening(), message(chunk("w2"), labels), rows(0, 1)])))


@pytest.mark.parametrize("rows", [1, 5])
def test_replies_are_within_grpcs_usual_limit(running, rows):
    """16 rows of 32,768 float64 classes are computed at a time, and are 4 MiB."""
    scores = RNG.normal(size=(20, 2**15))
    labels = np.zeros(20, np.int64)
    declared = opening(scores=scores, labels=labels)
    pieces = [pb.InputChunk(input=pb.INPUT_LABELS, data=labels.tobytes())]
    for start in range(0, 20, rows):
        data = scores[start : start + rows].tobytes()
        pieces.append(pb.InputChunk(input=pb.INPUT_SCORES, offset=start * 2**18, data=data))
    with channel_to(running.grpc) as channel:
        replies = channel.stream_stream(
            STREAM,
            request_serializer=pb.ComputeStreamRequest.SerializeToString,
            response_deserializer=pb.ComputeStreamResponse.FromString,
        )(iter([declared, *map(message, pieces)]))
        found = b"".join(c.data for r in replies for c in r.chunks if c.output == pb.OUTPUT_DSCORES)
    with lossgrad.Client("local:") as client:
        assert found == client.compute(scores=scores, labels=labels).dscores.tobytes()
