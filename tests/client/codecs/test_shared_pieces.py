"""Messages that name pieces in shared memory, and those of the side socket."""

from __future__ import annotations

import pytest

from lossgrad.codecs import chunks, shared_pieces, sharing
from lossgrad.codecs.shared_pieces import SharedPiece
from lossgrad.codecs.sharing import NotShared
from lossgrad.errors import Internal, InvalidArgument
from lossgrad.v1 import lossgrad_pb2 as pb

ROWS = SharedPiece("scores", 2**40, bytes(range(16)), 2**63, 2**33)
PARAMETER = SharedPiece("labels", 0, b"l", 1, 2)
PLACE = SharedPiece("dscores", 0, b"", 0, 0)
SUM = SharedPiece("dw2", 0, b"s", 3, 4)


def test_pieces_come_back_as_they_were():
    message = shared_pieces.encode_pieces([ROWS, PARAMETER], [SUM, PLACE])
    assert shared_pieces.are_in(message)
    assert shared_pieces.decode_pieces(message) == ((PARAMETER,), (ROWS,), (PLACE,), (SUM,))


def test_other_messages_have_none():
    for message in (b"", pb.ComputeStreamRequest(chunks=[pb.InputChunk()]).SerializeToString()):
        assert not shared_pieces.are_in(message)


@pytest.mark.parametrize(
    "message",
    [b"\x1a", b"\x1a\x05abc", b"\x1a\x00", b"\x1a\x02\x0a\x00", bytes([0x1A]) * 70_000],
    ids=["cut", "short", "nothing", "no input", "long"],
)
def test_malformed(message):
    assert shared_pieces.are_in(message)
    with pytest.raises(InvalidArgument):
        shared_pieces.decode_pieces(message)


def test_a_count_comes_back():
    assert shared_pieces.decode_done(shared_pieces.encode_done(300)) == 300
    assert shared_pieces.decode_done(chunks.encode_closing({"loss": 1.0})) is None
    with pytest.raises(Internal, match="is it lossgrad"):
        shared_pieces.decode_done(b"\x18")


def test_what_is_read_elsewhere_is_refused_among_chunks():
    mixed = pb.ComputeStreamRequest(chunks=[pb.InputChunk(input=1, data=b"0000")])
    mixed.shared.inputs.add()
    with pytest.raises(InvalidArgument, match="messages of their own"):
        chunks.decode_stream_request(mixed.SerializeToString())


def test_the_side_socket():
    assert sharing.decode_request(sharing.encode_request("key")) == "key"
    assert sharing.decode_request(sharing.encode_request(None)) is None
    assert sharing.decode_response(sharing.encode_handle(b"h" * 16)) == b"h" * 16
    for answer, text in (
        (sharing.encode_refusal("too much"), "too much"),
        (b"", "ended the connection"),
        (b"\xff", "no ShareMemoryResponse"),
    ):
        with pytest.raises(NotShared, match=text):
            sharing.decode_response(answer)
    with pytest.raises(NotShared, match="no ShareMemoryRequest"):
        sharing.decode_request(b"\xff")
