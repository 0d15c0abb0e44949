"""HTTP servers that say, or take, a byte now and then: a timeout is for the whole call."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress

import numpy as np
import pytest

from lossgrad import errors
from lossgrad.compute_call import ComputeCall
from lossgrad.endpoints import COMPUTE, INFO
from lossgrad.transports import open_transport

TIMEOUT = 0.3
PIECES = 60
"""As many as a server says, one every 0.05 s; then it hangs up, and the attempt fails otherwise."""

OK = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def trickling(head, piece):
    """Serve one connection; yield the target."""
    done = threading.Event()

    def serve():
        connection, _ = listener.accept()
        with connection, suppress(OSError):  # the client hangs up
            connection.recv(65536)
            connection.sendall(head)
            for _ in range(PIECES):
                if done.wait(0.05):
                    return
                connection.sendall(piece)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve)
        server.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            server.join()


def attempt(target, endpoint, request):
    transport = open_transport(target)
    try:
        return transport.send(endpoint, request, TIMEOUT)
    finally:
        transport.close()


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"", b"H"),
        (OK, b"X-A: b\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (OK + b"Content-Length: 900000\r\n\r\n", b" "),
        (OK + b"Connection: close\r\n\r\n", b" "),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    ],
    ids=["status", "headers", "continue", "length", "close", "chunks", "chunk-size"],
)
def test_an_answer_that_trickles_in(head, piece):
    with (
        trickling(head, piece) as target,
        pytest.raises(errors.DeadlineExceeded, match=f"no answer within {TIMEOUT:g} s"),
    ):
        attempt(target, INFO, None)


def test_a_request_that_is_not_taken():
    scores = np.zeros((2000, 2000), np.float32)
    request = ComputeCall.of({"scores": scores, "labels": np.zeros(2000, np.int64)}, None)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(errors.DeadlineExceeded, match=f"no answer within {TIMEOUT:g} s"),
    ):
        attempt(f"http://127.0.0.1:{listener.getsockname()[1]}", COMPUTE, request)
