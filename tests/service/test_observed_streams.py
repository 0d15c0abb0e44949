"""What passes of a stream is counted as it passes, and once, however the stream ends."""

from __future__ import annotations

from contextlib import contextmanager
from queue import SimpleQueue

import grpc
import numpy as np
import pytest

from lossgrad.codecs.chunks import decode_stream_request, decode_stream_response
from lossgrad.compute_call import ComputeCall
from lossgrad.exchange import Exchange
from lossgrad_service.calls.call_log import CallLog
from tests.admission.gates import until
from tests.metrics.reading import value_in
from tests.running import channel_to, running_server
from tests.service.web import call as http

ROWS, CLASSES = 3_000, 1_000
BATCH = {
    "scores": np.zeros((ROWS, CLASSES), np.float32),
    "labels": np.zeros(ROWS, np.int64),
    "want": ["dscores"],
}
WAY = {"method": "ComputeStream", "transport": "grpc"}


@pytest.fixture(autouse=True)
def lines(monkeypatch):
    """What the log is told of each call."""
    told = []
    monkeypatch.setattr(CallLog, "ended", lambda _, **line: told.append(line))
    return told


def rows_in(chunks):
    return sum(len(chunk.data) for chunk in chunks) // (CLASSES * BATCH["scores"].itemsize)


class Stream:
    """A stream whose messages are sent one by one, and what must have been counted of it."""

    def __init__(self, running, channel):
        self._running = running
        self._left = Exchange(ComputeCall.of(BATCH, None)).messages()
        self._sent = SimpleQueue()
        self._call = channel.stream_stream(Exchange.rpc)(iter(self._sent.get, None))
        self.cancel = self._call.cancel
        self.passed = {"received": 0, "sent": 0, "rows": 0}

    def send(self, message):
        self._sent.put(message)
        self.passed["received"] += len(message)

    def send_next(self):
        message = next(self._left)
        self.send(message)
        return message

    def send_rest(self):
        for message in self._left:
            self.send(message)
        self._sent.put(None)

    def read(self):
        reply = next(self._call)
        arrived = decode_stream_response(reply)
        if isinstance(arrived, tuple):
            self.passed["rows"] += rows_in(arrived)
        self.passed["sent"] += len(reply)

    def read_rest(self):
        while True:
            try:
                self.read()
            except StopIteration:
                return

    def until_counted(self):
        """Return once the metrics tell of all that has passed, and how many calls ended."""
        until(lambda: self._counted() == self.passed)

    def _counted(self):
        names = {
            "received": "lossgrad_received_bytes_total",
            "sent": "lossgrad_sent_bytes_total",
            "rows": "lossgrad_rows_total",
        }
        text = self.metrics()
        return {key: value_in(text, name, **WAY) for key, name in names.items()}

    def metrics(self):
        return http(f"{self._running.http}/metrics").text


@contextmanager
def begun():
    """Yield a stream of which one message with rows was answered."""
    with running_server() as running, channel_to(running.grpc) as channel:
        stream = Stream(running, channel)
        _opening, _labels, rows = [stream.send_next() for _ in range(3)]
        n_rows = rows_in(decode_stream_request(rows))
        while stream.passed["rows"] < n_rows:
            stream.read()
        try:
            yield stream
        finally:
            stream.cancel()


def test_a_stream_under_way_is_counted(lines):
    with begun() as stream:
        stream.until_counted()
        text, n_rows = stream.metrics(), stream.passed["rows"]
        assert 0 < n_rows < ROWS
        cells = value_in(text, "lossgrad_kernel_cells_total", dtype="float32")
        assert cells == n_rows * CLASSES
        assert value_in(text, "lossgrad_in_flight_calls", **WAY) == 1
        # What one call took in a phase is known at its end.
        name = "lossgrad_phase_duration_seconds_count"
        assert value_in(text, name, **WAY, phase="compute") == 0
        assert lines == []


def answered(stream):
    stream.send_rest()
    stream.read_rest()
    assert stream.passed["rows"] == ROWS


def mistaken(stream):
    stream.send(b"\xff")
    with pytest.raises(grpc.RpcError):
        stream.read()


def given_up(stream):
    stream.cancel()


@pytest.mark.parametrize(
    ("end", "code"),
    [(answered, "OK"), (mistaken, "INVALID_ARGUMENT"), (given_up, "CANCELLED")],
    ids=["answered", "mistaken", "given up"],
)
def test_what_passed_is_counted_once_however_a_stream_ends(end, code, lines):
    with begun() as stream:
        stream.until_counted()
        end(stream)
        until(lambda: lines)
        stream.until_counted()
        text = stream.metrics()
    cells = value_in(text, "lossgrad_kernel_cells_total", dtype="float32")
    assert cells == stream.passed["rows"] * CLASSES
    assert value_in(text, "lossgrad_phase_duration_seconds_count", **WAY, phase="compute") == 1
    [line] = lines
    assert line["code"] == code
    assert {key: line[key] for key in stream.passed} == stream.passed
