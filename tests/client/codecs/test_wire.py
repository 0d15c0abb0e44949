"""Protobuf's wire format: where data begins in a message, and where fields lie."""

from __future__ import annotations

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from lossgrad.codecs import wire
from lossgrad.codecs.unwritten import unwritten
from lossgrad.codecs.wire import LENGTH, VARINT, Holder, Unusual, tag
from lossgrad.v1 import lossgrad_pb2 as pb
from tests.client.codecs.rewriting import damaged, rewritten, split

HOLDER = Holder(padding=tag(4, LENGTH), data=tag(3, LENGTH))

# Around these, the length of a message takes a byte more.
SIZES = sorted(
    {*range(300)} | {edge + step for edge in (2**7, 2**14, 2**21) for step in range(-80, 80)}
)


@given(st.integers(0, 2**70 - 1))
def test_numbers_round_trip(value):
    written = wire.varint(value)
    assert wire.read_varint(b"\0" + written + b"\1", 1) == (value, 1 + len(written))


@pytest.mark.parametrize("field", [tag(1, LENGTH), tag(16, LENGTH)])
def test_data_begins_at_a_multiple_of_sixteen(field):
    for size in SIZES:
        for position in range(16):
            before = HOLDER.before_data(field, b"\x08\x03", size, position)
            assert (position + len(before)) % 16 == 0
            assert len(before) < 48
            assert before.startswith(wire.varint(field))
            length, content = wire.read_varint(before, len(wire.varint(field)))
            assert length == len(before) - content + size


@given(st.integers(0, 300), st.integers(0, 15))
def test_stock_code_reads_what_precedes_data(size, position):
    before = HOLDER.before_data(tag(1, LENGTH), b"\x08\x03", size, position)
    tensor = pb.ComputeRequest.FromString(before + b"a" * size).scores
    assert (tensor.dtype, list(tensor.shape), tensor.data) == (3, [], b"a" * size)


MESSAGE = pb.GetServerInfoResponse(
    version="1", limits=pb.Limits(max_request_bytes=2**40), losses=[1, 2], uptime_seconds=0.5
).SerializeToString()


@given(st.data())
def test_fields_are_found_where_stock_code_finds_them(data):
    message = data.draw(rewritten(MESSAGE, packed=(3,), nested=(2,)).flatmap(damaged))
    try:
        found = list(wire.fields(message, 0, len(message)))
    except Unusual:
        return
    parts = [message[begin:end] for _, begin, _, end in found]
    assert b"".join(parts) == message
    try:
        whole = pb.GetServerInfoRequest.FromString(message)
    except DecodeError:
        with pytest.raises(DecodeError):
            [pb.GetServerInfoRequest.FromString(part) for part in parts]
    else:
        assert whole.SerializeToString() == message
        assert [(t >> 3, t & 7, message[content:end]) for t, _, content, end in found] == split(
            message
        )


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"\x0b\x0c", "a group"),
        (b"\x0a", "ends within a number"),
        (b"\x0a\x02a", "a field is longer"),
        (b"\x08" + b"\xff" * 10 + b"\x01", "does not end"),
        (b"\x0a" + b"\xff" * 4 + b"\x7f", "too long"),
        (b"\x80" * 5 + b"\x00", "too long"),
        (b"\x0d\0\0", "a field is longer"),
        (b"\x08\0" * (wire.MAX_FIELDS + 1), "more than 1024 fields"),
    ],
)
def test_unusual(message, reason):
    with pytest.raises(Unusual, match=reason):
        list(wire.fields(message, 0, len(message)))


def test_as_many_fields_as_may_be():
    assert len(list(wire.fields(b"\x08\0" * wire.MAX_FIELDS, 0, 2 * wire.MAX_FIELDS))) == 1024


def test_a_field_ends_with_its_message_not_with_all():
    with pytest.raises(Unusual, match="longer than its message"):
        list(wire.fields(b"\x0a\x02ab", 0, 3))


def test_numbers_of_a_packed_field():
    assert wire.read_numbers(b"\x01\x80\x01\x00") == (1, 128, 0)
    with pytest.raises(Unusual, match="negative"):
        wire.read_numbers(b"\xff" * 9 + b"\x01")
    with pytest.raises(Unusual, match="ends within"):
        wire.read_numbers(b"\x01\x80")


def test_what_is_not_there_is_nothing():
    message = b"\x08\x05\x1a\x01a"
    assert wire.take_number(message, tag(2, VARINT), 0, len(message), most=9) == (0, 0)
    assert wire.take_number(message, tag(1, VARINT), 0, len(message), most=9) == (5, 2)
    assert wire.take_content(message, tag(2, LENGTH), 2, len(message)) == (2, 2)
    assert wire.take_content(message, tag(3, LENGTH), 2, len(message)) == (4, 5)
    assert wire.take_content(message, tag(3, LENGTH), 5, len(message)) == (5, 5)
    with pytest.raises(Unusual, match="too large"):
        wire.take_number(message, tag(1, VARINT), 0, len(message), most=4)


@pytest.mark.parametrize("size", [1, 2, 33, 1 << 20])
def test_bytes_are_written_after_they_are_made(size):
    made, view = unwritten(size)
    assert (type(made), len(made), view.nbytes, view.format) == (bytes, size, size, "B")
    view[:] = b"\x07" * size
    assert made == b"\x07" * size


def test_a_view_keeps_its_bytes():
    view = unwritten(1 << 16)[1][10:20]
    view[:] = b"0123456789"
    others = [bytes(1 << 16) for _ in range(10)]
    assert bytes(view) == b"0123456789"
    assert len(others) == 10
