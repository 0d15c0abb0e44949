"""Streams that say one thing and do another, beyond what tests of the protocol have."""

from __future__ import annotations

from lossgrad.v1 import lossgrad_pb2 as pb
from tests.security.forms import Tensor, as_tensor, stream
from tests.security.good import CALL, SENT
from tests.security.rows import STREAM, TOO_LARGE, Row, messages

OPEN, PARAMETERS, ROWS_MESSAGE = SENT[STREAM]
SCORES = as_tensor(CALL["scores"]).data
LABELS = as_tensor(CALL["labels"]).data


def chunks(*pieces: pb.InputChunk) -> bytes:
    return pb.ComputeStreamRequest(chunks=pieces).SerializeToString()


def scores(offset: int = 0, data: bytes = SCORES) -> pb.InputChunk:
    return pb.InputChunk(input=pb.INPUT_SCORES, offset=offset, data=data)


def declaring(rows: int, classes: int = 3) -> bytes:
    """The opening of a batch of any size."""
    return stream(
        {
            "scores": Tensor("f64", [rows, classes], b""),
            "labels": Tensor("i64", [rows], b""),
        }
    )[0]


def labels(rows: int) -> bytes:
    return chunks(pb.InputChunk(input=pb.INPUT_LABELS, data=bytes(8 * rows)))


def of_input(number: int) -> Row:
    return messages([OPEN, chunks(pb.InputChunk(input=number, data=b"0"))], "chunks[0].input")


EMPTY = pb.InputChunk(input=pb.INPUT_SCORES)
MEGABYTE = b"\xa2\x3f\x80\x80\x40" + bytes(2**20)

ROWS: dict[str, Row] = {
    "no message": messages([], "open"),
    "rows first": messages([ROWS_MESSAGE, OPEN], "open"),
    "an empty message first": messages([b"", OPEN], ""),
    "two openings": messages([OPEN, OPEN], "open"),
    "two openings that are merged": messages([OPEN + declaring(5), PARAMETERS], "labels"),
    "an opening behind the rows": messages([OPEN, PARAMETERS, ROWS_MESSAGE, OPEN], "open"),
    "an opening within chunks": messages([OPEN, PARAMETERS + OPEN], "open"),
    "chunks after the end": messages([OPEN, PARAMETERS, ROWS_MESSAGE, ROWS_MESSAGE], "scores"),
    "parameters after the end": messages([OPEN, PARAMETERS, ROWS_MESSAGE, PARAMETERS], "labels"),
    "an empty message after the end": messages([OPEN, PARAMETERS, ROWS_MESSAGE, b""], ""),
    "rubbish after the end": messages([OPEN, PARAMETERS, ROWS_MESSAGE, b"\xff"], ""),
    "fewer rows than declared": messages([declaring(3), labels(3), chunks(scores())], "scores"),
    "more rows than declared": messages([declaring(1), labels(1), chunks(scores())], "scores"),
    "rows where none are declared": messages([declaring(0), chunks(scores())], "scores"),
    "rows of other classes": messages([declaring(2, 4), labels(2), chunks(scores())], "scores"),
    "10^9 rows, then silence": messages([declaring(10**9)], "max_tensor_bytes", TOO_LARGE),
    "a million rows, then silence": messages([declaring(600_000)], "labels"),
    "more than may be held": messages([declaring(2**21 - 1, 1)], "max_held_bytes", TOO_LARGE),
    "a row over the limit": messages([declaring(1, 2**18 + 1)], "max_request_bytes", TOO_LARGE),
    "a million empty chunks": messages([OPEN, PARAMETERS, b"\x12\x00" * 10**6], ""),
    "1,025 chunks": messages([OPEN, chunks(*[EMPTY] * 1025)], ""),
    "100 chunks of an input": messages([OPEN, PARAMETERS, chunks(*[EMPTY] * 100)], "scores"),
    "100 empty messages": messages([OPEN, *[b""] * 100], ""),
    "1 MB that is no chunk": messages([OPEN, PARAMETERS, ROWS_MESSAGE + MEGABYTE], ""),
    "1 MB within a chunk": messages(
        [OPEN, PARAMETERS, b"\x12\x8e\x80\x40" + b"\x08\x01\x22\x00" + MEGABYTE + bytes(5)], ""
    ),
    "the least offset": messages([OPEN, PARAMETERS, chunks(scores(-(2**63)))], "scores"),
    "the largest offset": messages([OPEN, PARAMETERS, chunks(scores(2**63 - 1))], "scores"),
    "an offset that wraps": messages([OPEN, PARAMETERS, chunks(scores(-48))], "scores"),
    "no input": of_input(0),
    "an input beyond the enum": of_input(2**31 - 1),
    "a negative input": of_input(-1),
    "an output's number": of_input(20),
    "half of a chunk": messages([OPEN, PARAMETERS, ROWS_MESSAGE[:-1]], ""),
    "a chunk's length beyond the end": messages([OPEN, b"\x12\x7f\x08"], ""),
    "a chunk in a chunk": messages([OPEN, b"\x12\x04\x12\x02\x08\x01"], "chunks[0].input"),
    "an opening as a number": messages([b"\x08\x01"], ""),
    "chunks as a number": messages([OPEN, b"\x10\x01"], ""),
    "groups for chunks": messages([OPEN, b"\x13\x14"], ""),
    "a unary request": messages([b"\x0a\x02\x08\x04"], "scores"),
    "labels that are no classes": messages(
        [OPEN, chunks(pb.InputChunk(input=pb.INPUT_LABELS, data=b"\x07" * 16)), ROWS_MESSAGE],
        "labels",
    ),
}
