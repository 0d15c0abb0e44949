"""Promise 3: memory stays within what is held when idle and three times the admission budget."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

import lossgrad
from lossgrad.codecs.request_size import KEY
from lossgrad.v1 import lossgrad_pb2 as pb
from tests.abuse.floods import gigantic_prefix, large_metadata, zero_window
from tests.abuse.frames import COMPUTE
from tests.abuse.peak import Peak
from tests.abuse.served import MEBIBYTE, Served, serving
from tests.abuse.sieges import HEAD
from tests.running import PATIENCE_SECONDS
from tests.telling import Tell

BUDGET = 192 * MEBIBYTE
CALLERS = 24
SILENT_CALLERS = 100
CALLS = 4
ROWS, CLASSES = 4_096, 1_024
"""16 MiB of scores, and as much of an answer."""

LONG_NAME = "s" * (32 * MEBIBYTE)

FLAGS = ("--admission-bytes", str(BUDGET))


def large_calls(served: Served) -> None:
    """Call by many callers at once; what is refused is refused as busy."""
    scores = np.zeros((ROWS, CLASSES), np.float32)
    labels = np.zeros(ROWS, np.int32)

    def call(index: int) -> None:
        target = list(served.child.addresses.values())[index % 2]
        with lossgrad.Client(target, timeout=PATIENCE_SECONDS) as client:
            for _ in range(CALLS):
                with suppress(lossgrad.Busy, lossgrad.DeadlineExceeded, lossgrad.TooLarge):
                    client.compute(scores=scores, labels=labels)

    with ThreadPoolExecutor(CALLERS) as threads:
        list(threads.map(call, range(CALLERS)))


def unread_answers(served: Served) -> None:
    """Ask for 16 MiB by many callers who never read them, and declare nothing."""
    _ask_and_never_read(served)


def liars(served: Served) -> None:
    """The same, by callers who declare one byte."""
    _ask_and_never_read(served, (KEY, "1"))


def _ask_and_never_read(served: Served, *metadata: tuple[str, str]) -> None:
    request = _request()
    channels = [_channel(served) for _ in range(SILENT_CALLERS)]
    calls = [c.unary_stream(COMPUTE)(request, metadata=metadata) for c in channels]
    served.assert_answers()
    served.wait_until_calm()
    for call in calls:
        call.cancel()
    for channel in channels:
        channel.close()


def _request() -> bytes:
    scores = pb.Tensor(dtype=pb.DTYPE_F32, shape=[ROWS, CLASSES], data=bytes(4 * ROWS * CLASSES))
    labels = pb.Tensor(dtype=pb.DTYPE_U8, shape=[ROWS], data=bytes(ROWS))
    return pb.ComputeRequest(scores=scores, labels=labels).SerializeToString()


def _channel(served: Served) -> grpc.Channel:
    return grpc.insecure_channel(
        served.child.addresses["gRPC"],
        [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)],
    )


def watches(served: Served) -> None:
    """Ask for the health of services whose names have 32 MiB, by callers who stay."""
    question = health_pb2.HealthCheckRequest(service=LONG_NAME)
    _ask_and_stay(served, "/grpc.health.v1.Health/Watch", question.SerializeToString())


def questions(served: Served) -> None:
    """Ask reflection for symbols whose names have 32 MiB, by callers who stay."""
    question = reflection_pb2.ServerReflectionRequest(file_containing_symbol=LONG_NAME)
    service = reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"].full_name
    _ask_and_stay(served, f"/{service}/ServerReflectionInfo", question.SerializeToString())


def _ask_and_stay(served: Served, method: str, question: bytes) -> None:
    is_over = threading.Event()

    def asked() -> Iterator[bytes]:
        yield question
        is_over.wait(PATIENCE_SECONDS)

    channels = [_channel(served) for _ in range(CALLERS)]
    calls = [channel.stream_stream(method)(asked()) for channel in channels]
    for call in calls:
        with suppress(grpc.RpcError):
            next(call)
    served.assert_answers()
    is_over.set()
    for channel in channels:
        channel.close()


def half_bodies(served: Served) -> None:
    """Declare 60 MB over HTTP by many callers and send 20 of them."""
    head = HEAD + b"Content-Length: 60000000\r\n\r\n"
    over = threading.Event()

    def send(_: int) -> None:
        with suppress(OSError), socket.create_connection(served.http, 2.0) as connection:
            connection.sendall(head + b"[" * 20_000_000)
            over.wait(2.0)

    with ThreadPoolExecutor(CALLERS) as threads:
        list(threads.map(send, range(CALLERS)))
    over.set()


def hostile_grpc(served: Served) -> None:
    """What costs the most of the HTTP/2 attacks, several times."""
    for attack in (gigantic_prefix, large_metadata, zero_window):
        for _ in range(3):
            attack(served.grpc)


@pytest.mark.parametrize(
    "load",
    [large_calls, unread_answers, liars, watches, questions, half_bodies, hostile_grpc],
    ids=lambda load: load.__name__,
)
def test_memory_stays_within_the_law(load: Callable[[Served], None], tell: Tell) -> None:
    with serving(*FLAGS) as served:
        workers, idle = served.processes(), served.holdings()
        with Peak(served) as peak:
            load(served)
        served.assert_answers()
        assert served.processes() == workers
    grown = peak.memory - idle.memory
    tell(f"idle {idle}; at most +{grown / MEBIBYTE:.0f} MiB = {grown / BUDGET:.2f} budgets")
    assert grown <= 3 * BUDGET
