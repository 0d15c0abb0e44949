"""Streams that declare, send or end what no honest one does: all comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import repeat

import grpc
import numpy as np
import pytest

from lossgrad.v1 import lossgrad_pb2 as pb
from tests.abuse.frames import COMPUTE_STREAM
from tests.abuse.served import MEBIBYTE, Served, serving
from tests.telling import Tell

EMPTY_CHUNKS = 1_000_000
CHUNKS_PER_MESSAGE = 1_024
GIGANTIC_ROWS = 10**9
DISCONNECTIONS = 200
ROWS, CLASSES = 8_192, 256
KEPT_MOST = 64 * MEBIBYTE

Requests = Iterator[bytes]


def opening(n_rows: int, n_classes: int) -> bytes:
    """Return the first message of a stream of scores and labels."""
    scores = pb.Tensor(dtype=pb.DTYPE_F32, shape=[n_rows, n_classes])
    labels = pb.Tensor(dtype=pb.DTYPE_I32, shape=[n_rows])
    problem = pb.ComputeRequest(scores=scores, labels=labels, want=[pb.OUTPUT_DSCORES])
    return pb.ComputeStreamRequest(open=problem).SerializeToString()


def opening_of_rows(n_rows: int, n_classes: int) -> bytes:
    """Return the first message of a stream that has nothing but rows, so that it holds nothing."""
    rows = pb.Tensor(dtype=pb.DTYPE_F32, shape=[n_rows, n_classes])
    problem = pb.ComputeRequest(scores=rows, targets=rows)
    return pb.ComputeStreamRequest(open=problem).SerializeToString()


def chunk(of: int, offset: int, data: bytes) -> pb.InputChunk:
    return pb.InputChunk(input=of, offset=offset, data=data)


def message(*chunks: pb.InputChunk) -> bytes:
    return pb.ComputeStreamRequest(chunks=chunks).SerializeToString()


def empty_chunks() -> Requests:
    yield opening(8, 4)
    empty = message(*repeat(chunk(pb.INPUT_LABELS, 0, b""), CHUNKS_PER_MESSAGE))
    yield from repeat(empty, EMPTY_CHUNKS // CHUNKS_PER_MESSAGE + 1)


def one_empty_chunk_each() -> Requests:
    yield opening(8, 4)
    yield from repeat(message(chunk(pb.INPUT_LABELS, 0, b"")), 50_000)


def empty_messages() -> Requests:
    yield opening(8, 4)
    yield from repeat(b"", 50_000)


def a_million_chunks_in_one_message() -> Requests:
    yield opening(8, 4)
    yield message(*repeat(chunk(pb.INPUT_LABELS, 0, b""), EMPTY_CHUNKS))


def gigantic_rows_then_nothing() -> Requests:
    yield opening(GIGANTIC_ROWS, 10)


def half_of_the_rows() -> Requests:
    yield opening(ROWS, CLASSES)
    yield message(chunk(pb.INPUT_LABELS, 0, np.zeros(ROWS, "<i4").tobytes()))
    yield message(chunk(pb.INPUT_SCORES, 0, np.zeros((ROWS // 2, CLASSES), "<f4").tobytes()))


REFUSED = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE}


@pytest.fixture(scope="module")
def channel(served: Served) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(served.child.addresses["gRPC"]) as opened:
        assert code_of(opened, half_of_the_rows()) in REFUSED
        yield opened


def code_of(channel: grpc.Channel, requests: Requests) -> grpc.StatusCode:
    """Send a stream to its end, read all answers, and return how it ended."""
    call = channel.stream_stream(COMPUTE_STREAM)(requests, timeout=60)
    try:
        for _ in call:
            pass
    except grpc.RpcError:
        pass
    return call.code()


@pytest.mark.parametrize(
    "requests",
    [
        empty_chunks,
        one_empty_chunk_each,
        empty_messages,
        a_million_chunks_in_one_message,
        gigantic_rows_then_nothing,
        half_of_the_rows,
    ],
    ids=lambda requests: requests.__name__,
)
def test_countless_nothing_is_refused(
    served: Served, channel: grpc.Channel, requests: Callable[[], Requests], tell: Tell
) -> None:
    workers, before = served.processes(), served.holdings()
    began = time.monotonic()
    assert code_of(channel, requests()) in REFUSED
    seconds = time.monotonic() - began
    served.assert_answers()
    after = served.holdings_back_at(before, memory=KEPT_MOST)
    assert served.processes() == workers
    tell(f"{seconds:.1f} s; before {before}; after {after}")


def test_gigantic_declaration_and_silence_hold_nothing() -> None:
    limits = ("--max-stream-bytes", str(2**60), "--max-tensor-bytes", str(2**60))
    # Room for all of them, or the first would be ended for the last.
    with serving(*limits, "--admission-bytes", str(2**35)) as served:
        before = served.holdings()
        with grpc.insecure_channel(served.child.addresses["gRPC"]) as channel:
            calls = [call for _ in range(4) for call in _silent_ones(channel, 25)]
            served.assert_answers()
            assert served.holdings().memory <= before.memory + KEPT_MOST
            assert not any(call.done() for call in calls)
            for call in calls:
                call.cancel()
        served.holdings_back_at(before, memory=KEPT_MOST)


def _silent_ones(channel: grpc.Channel, count: int) -> list[grpc.Call]:
    """Begin so many silent streams, and return once one that came after them has ended.

    More at once than half of the 64 that may wait to begin could be turned away, as too busy.
    """
    calls = [_silent(channel) for _ in range(count)]
    assert code_of(channel, half_of_the_rows()) in REFUSED
    return calls


def _silent(channel: grpc.Channel) -> grpc.Call:
    """Begin a stream that declares 4 × 10¹⁰ bytes and says no more."""
    return _begun(channel, [opening_of_rows(GIGANTIC_ROWS, 10)])


def _begun(channel: grpc.Channel, messages: list[bytes]) -> grpc.Call:
    """Begin a stream of these messages, after which it is silent until it has ended."""
    ended = threading.Event()

    def requests() -> Requests:
        yield from messages
        ended.wait()

    call = channel.stream_stream(COMPUTE_STREAM)(requests())
    if not call.add_callback(ended.set):
        ended.set()
    return call


def test_disconnections_in_the_middle(served: Served, tell: Tell) -> None:
    workers = served.processes()
    _disconnect(served, DISCONNECTIONS // 4)
    before = served.holdings()
    _disconnect(served, DISCONNECTIONS)
    served.assert_answers()
    after = served.holdings_back_at(before, memory=KEPT_MOST)
    assert served.processes() == workers
    tell(f"before {before}; after {after}")


def _disconnect(served: Served, times: int) -> None:
    labels = message(chunk(pb.INPUT_LABELS, 0, np.zeros(ROWS, "<i4").tobytes()))
    rows = message(chunk(pb.INPUT_SCORES, 0, np.zeros((ROWS // 2, CLASSES), "<f4").tobytes()))
    for _ in range(times):
        with grpc.insecure_channel(
            served.child.addresses["gRPC"], [("grpc.use_local_subchannel_pool", 1)]
        ) as channel:
            assert next(_begun(channel, [opening(ROWS, CLASSES), labels, rows]))
