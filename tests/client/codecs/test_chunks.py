"""The messages of a stream."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from lossgrad.codecs import chunks, enums, proto, wire
from lossgrad.codecs.chunks import Chunk
from lossgrad.codecs.stock import MAX_BESIDE
from lossgrad.errors import Internal, InvalidArgument
from lossgrad.types import Problem
from lossgrad.types.quantities import INPUTS, OUTPUTS
from lossgrad.v1 import lossgrad_pb2 as pb
from tests.client.codecs.rewriting import damaged, rewritten
from tests.client.drawing import problems

OFFSETS = st.integers(0, 2**63 - 1) | st.integers(0, 300)


def pieces(names):
    return st.lists(
        st.builds(Chunk, st.sampled_from(list(names)), OFFSETS, st.binary(max_size=200)), min_size=1
    )


def shown(found):
    return [(chunk.name, chunk.offset, bytes(chunk.data)) for chunk in found]


def stock_chunks(message, words, field):
    return [(words.names[getattr(c, field)], c.offset, c.data) for c in message.chunks]


@given(pieces(INPUTS))
def test_chunks_of_inputs(sent):
    message = chunks.encode_input_chunks(sent)
    assert shown(chunks.decode_stream_request(message)) == shown(sent)
    stock = pb.ComputeStreamRequest.FromString(message)
    assert not stock.HasField("open")
    assert stock_chunks(stock, enums.INPUTS, "input") == shown(sent)


@given(pieces(OUTPUTS))
def test_chunks_of_outputs(sent):
    message = chunks.encode_output_chunks(sent)
    assert shown(chunks.decode_stream_response(message)) == shown(sent)
    stock = pb.ComputeStreamResponse.FromString(message)
    assert stock_chunks(stock, enums.OUTPUTS, "output") == shown(sent)


@given(pieces(INPUTS))
def test_chunks_of_stock_code(sent):
    message = pb.ComputeStreamRequest(
        chunks=[
            pb.InputChunk(input=enums.INPUTS.numbers[c.name], offset=c.offset, data=c.data)
            for c in sent
        ]
    )
    assert shown(chunks.decode_stream_request(message.SerializeToString())) == shown(sent)


@given(pieces(OUTPUTS))
def test_a_reserved_message_is_the_encoded_one(sent):
    parts = [(chunk.name, chunk.offset, len(chunk.data)) for chunk in sent]
    message, views = chunks.reserve_output_chunks(parts)
    for view, chunk in zip(views, sent, strict=True):
        view[:] = chunk.data
    assert message == chunks.encode_output_chunks(sent)


@given(pieces(INPUTS))
def test_data_are_views_at_multiples_of_sixteen(sent):
    message = chunks.encode_input_chunks(sent)
    whole = np.frombuffer(message, np.uint8)
    for chunk in chunks.decode_stream_request(message):
        data = np.frombuffer(chunk.data, np.uint8)
        assert chunk.data.obj is message
        assert not data.size or (data.ctypes.data - whole.ctypes.data) % 16 == 0


def test_arrays_are_computed_into_a_reserved_message():
    message, [scores, losses] = chunks.reserve_output_chunks(
        [("dscores", 8, 24), ("row_losses", 0, 8)]
    )
    np.frombuffer(scores, np.float64)[:] = [1.0, 2.0, 3.0]
    np.frombuffer(losses, np.float64)[:] = 4.0
    found = chunks.decode_stream_response(message)
    assert [(c.name, c.offset, np.frombuffer(c.data).tolist()) for c in found] == [
        ("dscores", 8, [1.0, 2.0, 3.0]),
        ("row_losses", 0, [4.0]),
    ]


def test_data_may_be_the_memory_of_any_elements():
    data = memoryview(np.arange(3.0))
    [chunk] = chunks.decode_stream_request(chunks.encode_input_chunks([Chunk("w2", 0, data)]))
    assert bytes(chunk.data) == bytes(data)


@given(problems())
def test_open_declares_a_problem(problem):
    message = chunks.encode_open(problem)
    declared = chunks.decode_stream_request(message)
    assert (declared.options, declared.want) == (problem.options, problem.want)
    assert (declared.leading, declared.sizes) == (problem.leading, problem.sizes)
    assert declared.inputs.keys() == problem.inputs.keys()
    for name, array in declared.inputs.items():
        assert (array.shape, array.dtype) == (
            problem.inputs[name].shape,
            problem.inputs[name].dtype,
        )
        assert not array.flags.writeable
        assert not any(array.strides)


@given(problems())
def test_stock_code_reads_open(problem):
    message = pb.ComputeStreamRequest.FromString(chunks.encode_open(problem))
    unary = pb.ComputeRequest.FromString(proto.encode_problem(problem))
    for name in problem.inputs:
        getattr(unary, name).ClearField("data")
        getattr(unary, name).ClearField("padding")
    assert not message.chunks
    assert message.open == unary


def opening(**fields):
    tensors = {
        "scores": pb.Tensor(dtype="DTYPE_F32", shape=[1, 2]),
        "labels": pb.Tensor(dtype="DTYPE_I64", shape=[1]),
    }
    return pb.ComputeStreamRequest(open=pb.ComputeRequest(**(tensors | fields))).SerializeToString()


def test_what_is_declared_takes_no_memory():
    rows = 10**12
    declared = chunks.decode_stream_request(
        opening(
            scores=pb.Tensor(dtype="DTYPE_F32", shape=[rows, 1000]),
            labels=pb.Tensor(dtype="DTYPE_I64", shape=[rows]),
            sample_weights=pb.Tensor(dtype="DTYPE_F64", shape=[rows]),
        )
    )
    assert declared.n_rows == rows
    assert declared.scores.nbytes == 4000 * rows


def test_an_open_in_two_parts_is_their_sum():
    want = pb.ComputeStreamRequest(open=pb.ComputeRequest(want=["OUTPUT_PROBS"]))
    declared = chunks.decode_stream_request(opening(reg=0.0) + want.SerializeToString())
    assert declared.want == ("probs",)


CHUNK = pb.InputChunk(input="INPUT_W2", offset=4, data=b"data")


def refusal(message):
    with pytest.raises(InvalidArgument) as caught:
        chunks.decode_stream_request(message)
    return [(violation.field, violation.detail) for violation in caught.value.violations]


@pytest.mark.parametrize(
    ("message", "field", "detail"),
    [
        (b"", "", "a message must have either open or chunks"),
        (
            opening() + pb.ComputeStreamRequest(chunks=[CHUNK]).SerializeToString(),
            "",
            "a message must have either open or chunks",
        ),
        (b"\xff", "", "the 1 bytes are not a lossgrad.v1.ComputeStreamRequest: "),
        (b"\x0a\x01\xff", "", "the 3 bytes are not a lossgrad.v1.ComputeStreamRequest"),
        (b"\x12\x01\xff", "", "the 3 bytes are not a lossgrad.v1.ComputeStreamRequest"),
        (b"\x12\x00\x00\x00", "", "the 4 bytes are not a lossgrad.v1.ComputeStreamRequest"),
        (b"\x12\x00" * 1025, "", "the 2050 bytes are not a lossgrad.v1.ComputeStreamRequest: it"),
        (b"\x12\x00", "chunks[0].input", "is the number 0, which is none of scores (1), labels"),
        (
            pb.ComputeStreamRequest(chunks=[CHUNK, pb.InputChunk(input=99)]).SerializeToString(),
            "chunks[1].input",
            "is the number 99, which is none of scores (1)",
        ),
        (
            opening(scores=pb.Tensor(dtype="DTYPE_F32", shape=[1, 2], data=bytes(8))),
            "scores.data",
            "must be left out where a stream is opened; send it in chunks, got 8 bytes",
        ),
        (opening(labels=pb.Tensor(shape=[1])), "labels.dtype", "is the number 0, which is none of"),
        (
            opening(labels=pb.Tensor(dtype="DTYPE_I8", shape=[-1])),
            "labels.shape[0]",
            "must be ≥ 0, got -1",
        ),
        (
            opening(scores=pb.Tensor(dtype="DTYPE_F64", shape=[2**40, 2**40])),
            "scores.shape",
            "is beyond any memory",
        ),
        (opening(labels=pb.Tensor(dtype="DTYPE_I8", shape=[7])), "labels", "leading shape is (7,)"),
        (opening(loss=7), "loss", "is the number 7, which is none of softmax (1), hinge (2)"),
    ],
)
def test_refused(message, field, detail):
    [(found, text)] = refusal(message)
    assert found == field
    assert text.startswith(detail)


SIZE = 2**21
UNKNOWN = wire.bytes_field(500 << 3 | wire.LENGTH, bytes(SIZE))


@pytest.mark.parametrize(
    "message",
    [UNKNOWN, opening() + UNKNOWN, opening(scores=pb.Tensor(data=bytes(SIZE)))],
    ids=["unknown", "unknown beside open", "data in open"],
)
def test_much_beside_chunks_is_refused_before_it_is_parsed(message):
    [(_, detail)] = refusal(message)
    assert detail.startswith("has 2097")
    assert detail.endswith(f" bytes beside chunks, more than {MAX_BESIDE}")


def test_much_in_chunks_beside_their_data_is_refused():
    """However many chunks it is divided among; of data there may be any number."""
    chunk = pb.InputChunk(input="INPUT_W2", data=bytes(SIZE)).SerializeToString() + b"\x10\x07"
    sent = chunks.decode_stream_request(wire.bytes_field(18, chunk))
    assert shown(sent) == [("w2", 7, bytes(SIZE))]
    strange = wire.bytes_field(18, chunk + wire.bytes_field(130, bytes(MAX_BESIDE // 64)))
    assert f"more than {MAX_BESIDE} bytes beside the data" in refusal(strange * 64)[0][1]


def test_is_opening_does_not_look_into_it():
    chunk = wire.bytes_field(18, b"\xff")
    open_ = wire.bytes_field(10, b"\xff")
    assert chunks.is_opening(open_)
    assert chunks.is_opening(chunk + b"\xf8\x01\x05" + open_)
    assert not any(map(chunks.is_opening, (b"", chunk, b"\xff", b"\x0a\x05")))


def test_a_group_is_refused_though_stock_code_passes_over_it():
    message = pb.ComputeStreamRequest(chunks=[CHUNK]).SerializeToString() + b"\xf3\x01\xf4\x01"
    assert pb.ComputeStreamRequest.FromString(message).chunks == [CHUNK]
    assert "a group" in refusal(message)[0][1]


@pytest.mark.parametrize("field", [b"\xf8\x01\x05", b"\x18\x05"])
def test_fields_that_we_do_not_know_are_passed_over(field):
    """The number of another field in another wire type is as unknown."""
    message = pb.ComputeStreamRequest(chunks=[CHUNK]).SerializeToString() + field
    assert our_reading(message) == stock_reading(message)
    assert shown(chunks.decode_stream_request(message)) == [("w2", 4, b"data")]


def test_closing():
    scalars = {"loss": float("nan"), "n_rows": 2**40, "accuracy": 0.5}
    found = chunks.decode_stream_response(chunks.encode_closing(scalars))
    assert np.isnan(found.pop("loss"))
    assert found.items() >= {"n_rows": 2**40, "accuracy": 0.5, "z_loss": 0.0}.items()
    assert "accuracy" not in chunks.decode_stream_response(chunks.encode_closing({"loss": 1.0}))
    stock = pb.ComputeStreamResponse.FromString(chunks.encode_closing({"loss": 1.0, "n_rows": 7}))
    assert stock == pb.ComputeStreamResponse(closing=pb.ComputeResponse(loss=1.0, n_rows=7))


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff",
        b"\x12\x00",
        pb.ComputeStreamResponse(chunks=[pb.OutputChunk(output=77)]).SerializeToString(),
        chunks.encode_closing({"loss": 1.0}) + b"\x12\x02\x08\x09",
        pb.ComputeStreamResponse(closing=pb.ComputeResponse(db2=pb.Tensor())).SerializeToString(),
    ],
)
def test_malformed_answer(message):
    with pytest.raises(Internal, match="the server's answer cannot be read"):
        chunks.decode_stream_response(message)


def stock_reading(message):
    """The chunks that stock code finds, None where the message is none of chunks."""
    try:
        found = pb.ComputeStreamRequest.FromString(message)
    except DecodeError:
        return None
    if found.HasField("open") or found.HasField("shared"):
        return None
    if not all(c.input in enums.INPUTS.names for c in found.chunks):
        return None
    return stock_chunks(found, enums.INPUTS, "input") or None


def our_reading(message):
    """The chunks that our code finds; of groups, which it alone refuses, what stock code finds."""
    try:
        found = chunks.decode_stream_request(message)
    except InvalidArgument as error:
        return stock_reading(message) if "a group" in error.message else None
    return None if isinstance(found, Problem) else shown(found)


@settings(max_examples=200)
@given(st.data())
def test_our_code_finds_what_stock_code_finds(data):
    message = chunks.encode_input_chunks(data.draw(pieces(INPUTS)))
    sent = data.draw(rewritten(message, nested=(2,)))
    assert our_reading(sent) == stock_reading(sent)


@settings(max_examples=200)
@given(st.data())
def test_our_code_finds_what_stock_code_finds_in_damaged_bytes(data):
    message = chunks.encode_input_chunks([Chunk("w2", 300, b"data"), Chunk("b2", 0, b"")])
    sent = data.draw(damaged(message))
    assert our_reading(sent) == stock_reading(sent)


@pytest.mark.parametrize(
    "chunk",
    [
        b"\x08\x83\x80\x80\x80\x10",  # 2^32 + 3, of which an enum keeps 3
        b"\x08\x03\x10" + b"\xff" * 9 + b"\x01",
        b"\x08\x03\x10" + b"\xff" * 10 + b"\x01",
        b"\x10\x05\x08\x03",
        b"\x22\x01a\x22\x01b\x08\x03",
        b"\x08\x03\x22\x05a",
    ],
)
def test_our_code_finds_what_stock_code_finds_in_an_unusual_chunk(chunk):
    sent = wire.bytes_field(18, chunk)
    assert our_reading(sent) == stock_reading(sent)


@given(st.binary(max_size=40))
def test_any_bytes_of_a_server_are_read_or_refused(message):
    with suppress(Internal):
        chunks.decode_stream_response(message)
