"""Small requests that ask for much: what the server's process holds meanwhile."""

from __future__ import annotations

import gzip
from contextlib import closing, contextmanager
from pathlib import Path

import grpc
import numpy as np
import pytest

from lossgrad.codecs.wire import LENGTH, bytes_field, tag
from lossgrad_service.grpc_api.open_inference import INTEGER_BYTE
from lossgrad_service.http_api.document import Document
from tests.open_inference.ports import Grpc, Refused, request
from tests.security import forms, rows
from tests.security.endpoints import Endpoints
from tests.security.forms import Tensor
from tests.security.good import CALL, SCORES, SENT
from tests.security.rows import BASE64, GRPC, JSON, LISTS, STREAM, Body
from tests.security.served import LIMITS, MEBIBYTE, serving

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="memory is read from /proc"
)

TIMES = 10
"""How many times its bytes a request may cost before it is admitted."""

CHARGED = 3
"""How many times what a body is charged for its values may be taken to parse it."""

SLACK = 4 * MEBIBYTE
"""What any call may cost beside, and what comes and goes with the allocator."""

MOST = LIMITS["--max-request-bytes"]
GZIP = {**JSON, "content-encoding": "gzip"}

HUGE = {
    "scores": Tensor("f32", [10**9, 10**6], bytes(8)),
    "labels": Tensor("i64", [10**9], bytes(8)),
}
PRODUCT = {
    "h1": np.ones((40_000, 1), np.float32),
    "w2": np.ones((1, 40_000), np.float32),
    "labels": np.zeros(40_000, np.uint16),
    "want": ["dscores", "probs"],
}
WEIGHTS = {
    "h1": np.ones((1, 40_000), np.float16),
    "w2": Tensor("f16", [40_000, 40_000], b""),
    "labels": np.zeros(1, np.uint8),
}
DEEP = b'{"scores":' + b"[" * MEBIBYTE


def listed(entry: bytes) -> bytes:
    """A body as long as may be, of one list with the same entry over and over."""
    return b'{"scores": [' + entry * ((MOST - 64) // len(entry)) + b"0]}"


REQUESTS = {
    "10^9 × 10^6 in a message": (GRPC, forms.unary(HUGE)),
    "10^9 × 10^6 declared": (STREAM, forms.stream(HUGE)[:1]),
    "10^9 × 10^6 in base64": (BASE64, Body(forms.in_base64(HUGE), JSON)),
    "a product of 40,000 × 40,000": (GRPC, forms.unary(PRODUCT)),
    "a product of 40,000 × 40,000, streamed": (STREAM, forms.stream(PRODUCT)),
    "weights that never come": (STREAM, forms.stream(WEIGHTS)[:1]),
    "labels that never come": (STREAM, rows.everywhere(CALL, "").sent[STREAM][:1]),
    "a million empty chunks": (STREAM, [SENT[STREAM][0], b"\x12\x00" * (MOST // 2)]),
    "a message of numbers": (GRPC, b"\xea\x01\xff\xff\x7f" + b"\x01" * (MOST - 5)),
    "a message of empty tensors": (GRPC, b"\x0a\x00" * (MOST // 2)),
    "a bomb": (LISTS, Body(gzip.compress(bytes(256 * MEBIBYTE)), GZIP)),
    "deep lists": (LISTS, Body(DEEP, JSON)),
    "deep objects": (LISTS, Body(b'{"a":' * (MOST // 5), JSON)),
    "empty lists": (LISTS, Body(listed(b"[],"), JSON)),
    "empty objects": (LISTS, Body(listed(b"{},"), JSON)),
    "short texts": (LISTS, Body(listed(b'"ab",'), JSON)),
    "short numbers": (LISTS, Body(listed(b"1e1,"), JSON)),
    "digits": (LISTS, Body(b'{"scores": ' + b"9" * (MOST - 64) + b"}", JSON)),
}
REPEATED = 3


def size_of(sent):
    if isinstance(sent, Body):
        return len(sent.content)
    return len(sent) if isinstance(sent, bytes) else sum(map(len, sent))


def allowed_for(sent):
    values = Document.of(sent.content).parsing_bytes if isinstance(sent, Body) else 0
    return max(TIMES * size_of(sent), CHARGED * (size_of(sent) + values)) + SLACK


@pytest.fixture(scope="module")
def frugal():
    """A server that keeps no freed memory: what one request took does not hide another's."""
    with serving("--malloc", "default") as served, closing(Endpoints(served.addresses)) as calls:
        for endpoint, sent in SENT.items():
            calls.send(endpoint, sent)
        yield served, calls
        served.assert_unharmed()


@contextmanager
def growing_at_most(served, size):
    """Hold the most memory within the block to that before it, and so many bytes more."""
    before = served.memory()
    served.forget_memory()
    yield
    assert served.most_memory() - before <= size


@pytest.mark.parametrize("name", REQUESTS)
def test_memory(frugal, name):
    served, calls = frugal
    endpoint, sent = REQUESTS[name]
    with growing_at_most(served, allowed_for(sent)):
        answers = [calls.send(endpoint, sent) for _ in range(REPEATED)]
    assert {answer.code for answer in answers} <= {"INVALID_ARGUMENT", "OUT_OF_RANGE", 400, 413}


@pytest.mark.parametrize("numbers", [b"\x01", b"\x81\x01"], ids=["one byte each", "two"])
def test_numbers_in_fields_of_their_type(frugal, numbers):
    """Integers that are packed in a byte or two become eight: they are charged for it."""
    served, _ = frugal
    packed = numbers * (MOST // 2 // len(numbers))
    contents = bytes_field(tag(3, LENGTH), packed)
    message = request({"scores": SCORES}, is_typed=True).SerializeToString() + bytes_field(
        tag(5, LENGTH), b"\x0a\x06labels\x12\x05INT64" + bytes_field(tag(5, LENGTH), contents)
    )
    charged = (1 + INTEGER_BYTE) * len(message)
    allowed = CHARGED * charged + SLACK
    with closing(Grpc(served.addresses["gRPC"])) as port, growing_at_most(served, allowed):
        for _ in range(REPEATED):
            with pytest.raises(Refused) as refused:
                port.send("ModelInfer", message)
    assert refused.value.fields == ["labels.data"]


@pytest.mark.parametrize("algorithm", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_messages(frugal, algorithm):
    served, calls = frugal
    with growing_at_most(served, SLACK):
        answer = calls.send_compressed(bytes(64 * MEBIBYTE), algorithm)
    assert answer.code == "RESOURCE_EXHAUSTED"
