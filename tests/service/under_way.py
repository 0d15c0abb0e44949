"""Calls that are known to compute, and what ends them."""

from __future__ import annotations

import socket
from collections import Counter
from contextlib import contextmanager
from threading import Event
from urllib.parse import urlsplit

import numpy as np

from lossgrad.codecs.json_text import to_text
from lossgrad.compute_call import ComputeCall
from lossgrad.endpoints import CHECK, COMPUTE
from lossgrad.errors import Cancelled, DeadlineExceeded, LossGradError
from lossgrad.exchange import Exchange
from lossgrad.types import CheckRequest
from lossgrad_service.calls import Deadline
from lossgrad_service.runtime.logs import tells_of_a_bug
from tests.running import PATIENCE_SECONDS

ROWS, WIDTH, CLASSES = 2048, 64, 256
"""One block of eight tiles: what ends it earlier than its end does so within a block."""

SOON = 1.0
"""Seconds, after which a call that is under way has run out of time."""

ENDED = {DeadlineExceeded}
"""What ends it then."""
GIVEN_UP = {DeadlineExceeded, Cancelled}
"""What does over gRPC, which gives it up at the caller's end, too, and may be the first to."""

_WITHIN = 12
"""Checks of a call after which it computes its scores: none of the block is done."""

LARGE = ComputeCall.of(
    {
        "h1": np.ones((ROWS, WIDTH), np.float32),
        "w2": np.ones((WIDTH, CLASSES), np.float32),
        "labels": np.zeros(ROWS, np.int64),
    },
    None,
)
MESSAGE = COMPUTE.encode_proto(LARGE)
BODY = to_text(COMPUTE.encode_json(LARGE))

LARGE_CHECK = CheckRequest.of(LARGE.problem.inputs)
CHECK_MESSAGE = CHECK.encode_proto(LARGE_CHECK)
CHECK_BODY = to_text(CHECK.encode_json(LARGE_CHECK))


def exchange() -> Exchange:
    """Return the call as a stream, all rows in one message."""
    begun = Exchange(LARGE)
    begun.rows_per_message = ROWS
    return begun


class Computations:
    """Holds the first call inside of its computation until it is not wanted any more."""

    def __init__(self, check, cancel) -> None:
        self.begun, self.is_over = Event(), Event()
        self.checks: Counter[Deadline] = Counter()
        self.checks_before: Counter[Deadline] = Counter()
        """Those when the first call was cancelled."""
        self.raised: list[LossGradError] = []
        self._check, self._cancel = check, cancel

    def check(self, deadline: Deadline) -> None:
        self.checks[deadline] += 1
        if self.checks[deadline] == _WITHIN and not self.begun.is_set():
            self.begun.set()
            self.is_over.wait(min(PATIENCE_SECONDS, deadline.remaining()))
        try:
            self._check(deadline)
        except LossGradError as error:
            self.raised.append(error)
            raise

    def cancel(self, deadline: Deadline) -> None:
        self._cancel(deadline)
        self.checks_before = self.checks_before or self.checks.copy()
        self.is_over.set()


@contextmanager
def watched(monkeypatch):
    """Yield the computations of every server in this process."""
    computations = Computations(Deadline.check, Deadline.cancel)

    def check(deadline: Deadline) -> None:
        computations.check(deadline)

    def cancel(deadline: Deadline) -> None:
        computations.cancel(deadline)

    monkeypatch.setattr(Deadline, "check", check)
    monkeypatch.setattr(Deadline, "cancel", cancel)
    try:
        yield computations
    finally:
        computations.is_over.set()


@contextmanager
def abandoned_post(base: str, body: bytes = BODY, path: str = COMPUTE.http_path):
    """Send a whole call over HTTP and leave without its answer at the block's end."""
    parts = urlsplit(base)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    address = (parts.hostname, parts.port)
    with socket.create_connection(address, PATIENCE_SECONDS) as connection:
        connection.sendall(head.encode() + body)
        yield


def bugs_in(caplog):
    """Return what was logged of bugs; grpcio also tells of calls that end while answered."""
    records = [record for record in caplog.records if record.levelname == "ERROR"]
    return [record for record in records if tells_of_a_bug(record)]
