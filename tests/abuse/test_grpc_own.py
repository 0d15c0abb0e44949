"""What grpcio answers before our code has a say; the connection and the service go on.

Its INTERNAL is not ours: it stands for a call that no gRPC library makes.
"""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from grpc import StatusCode

from lossgrad.v1 import lossgrad_pb2 as pb
from tests.abuse.asking import asker
from tests.abuse.frames import COMPUTE, COMPUTE_STREAM, Header, message
from tests.abuse.served import Served

OK, INTERNAL, LATE = StatusCode.OK, StatusCode.INTERNAL, StatusCode.DEADLINE_EXCEEDED

SCORES = pb.Tensor(dtype=pb.DTYPE_F64, shape=[1, 3], data=np.array([1.0, 2.0, 3.0]).tobytes())
LABELS = pb.Tensor(dtype=pb.DTYPE_I32, shape=[1], data=np.array([2], "<i4").tobytes())
GOOD = pb.ComputeRequest(scores=SCORES, labels=LABELS).SerializeToString()
GZIP = gzip.compress(GOOD)

TIMEOUTS = {
    "": INTERNAL,
    "1": INTERNAL,
    "S": INTERNAL,
    "S1": INTERNAL,
    "1X": INTERNAL,
    "1s": INTERNAL,
    "1SS": INTERNAL,
    "-1S": INTERNAL,
    "+1S": INTERNAL,
    "1.5S": INTERNAL,
    "1e3S": INTERNAL,
    "0x1S": INTERNAL,
    "NaN": INTERNAL,
    "0S": LATE,
    "0n": LATE,
    # More than the eight digits of the protocol, and seconds that no clock holds.
    "0000000000000001H": OK,
    "123456789S": OK,
    "9" * 40 + "H": OK,
}

CODINGS = {
    "": INTERNAL,
    "snappy": INTERNAL,
    "br": INTERNAL,
    "zstd": INTERNAL,
    "GZIP": INTERNAL,
    "gzip, gzip": INTERNAL,
    "*": INTERNAL,
    "x" * 4_000: INTERNAL,
    "identity": OK,
    "gzip": OK,
    "deflate": OK,
}
"""Of messages that are not compressed: the coding alone decides."""


def spoiled(place: int) -> bytes:
    return GZIP[:place] + bytes([GZIP[place] ^ 0xFF]) + GZIP[place + 1 :]


COMPRESSED = {
    "gzip": (GZIP, OK),
    "no gzip": (GOOD, INTERNAL),
    "half": (GZIP[: len(GZIP) // 2], INTERNAL),
    "all but the last byte": (GZIP[:-1], INTERNAL),
    "a wrong checksum": (spoiled(len(GZIP) - 8), INTERNAL),
    "a wrong length": (spoiled(len(GZIP) - 4), INTERNAL),
    "another method": (spoiled(2), INTERNAL),
    "wrong codes": (spoiled(12), INTERNAL),
    "many members": (GZIP * 3, INTERNAL),
    "a member and zeros": (GZIP + bytes(16), INTERNAL),
}


def assert_answered(
    served: Served, expected: StatusCode, path: str, payload: bytes, *more: Header
) -> None:
    """Hold a call to its status, and a good one after it on the same connection to OK."""
    workers = served.processes()
    with asker(served.grpc) as asking:
        assert asking.status(path, payload, *more) == expected.value[0]
        assert asking.status(COMPUTE, message(GOOD)) == OK.value[0]
    assert served.processes() == workers


def calls(answers: dict[str, StatusCode]) -> list[tuple[str, str]]:
    """Return the calls to make: of a stream, those only that end before it is read."""
    streamed = [(COMPUTE_STREAM, value) for value, code in answers.items() if code is not OK]
    return [(COMPUTE, value) for value in answers] + streamed


@pytest.mark.parametrize(("path", "value"), calls(TIMEOUTS))
def test_timeout(served: Served, path: str, value: str) -> None:
    assert_answered(served, TIMEOUTS[value], path, message(GOOD), ("grpc-timeout", value))


@pytest.mark.parametrize(("path", "value"), calls(CODINGS))
def test_coding(served: Served, path: str, value: str) -> None:
    assert_answered(served, CODINGS[value], path, message(GOOD), ("grpc-encoding", value))


@pytest.mark.parametrize("name", COMPRESSED)
def test_compressed_message(served: Served, name: str) -> None:
    payload, expected = COMPRESSED[name]
    sent = message(payload, compressed=1)
    assert_answered(served, expected, COMPUTE, sent, ("grpc-encoding", "gzip"))


@pytest.mark.parametrize("name", [name for name, (_, code) in COMPRESSED.items() if code is not OK])
def test_compressed_message_of_a_stream(served: Served, name: str) -> None:
    sent = message(COMPRESSED[name][0], compressed=1)
    assert_answered(served, INTERNAL, COMPUTE_STREAM, sent, ("grpc-encoding", "gzip"))


def test_compressed_without_a_coding(served: Served) -> None:
    assert_answered(served, INTERNAL, COMPUTE, message(GZIP, compressed=1))
