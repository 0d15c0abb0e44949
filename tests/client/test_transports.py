"""Both clients over gRPC and HTTP: results, faults, time limits, closing."""

from __future__ import annotations

import asyncio
import socket
import threading

import numpy as np
import pytest

import lossgrad
from lossgrad import errors
from lossgrad.compute_call import ComputeCall
from lossgrad.endpoints import COMPUTE
from lossgrad.transports import open_async_transport, open_transport
from tests.client.servers import TIMING, GrpcServer, HttpServer, Script, Stuck, double

SCORES = np.arange(6, dtype=np.float32).reshape(3, 2)
ARGUMENTS = {"scores": SCORES, "labels": [0, 1, 1]}


def call_blocking(target, **arguments):
    with lossgrad.Client(target, timeout=20) as client:
        return client.compute(**(ARGUMENTS | arguments))


def call_awaiting(target, **arguments):
    async def call():
        async with lossgrad.AsyncClient(target, timeout=20) as client:
            return await client.compute(**(ARGUMENTS | arguments))

    return asyncio.run(call())


@pytest.fixture(params=[call_blocking, call_awaiting], ids=["blocking", "awaiting"])
def call(request):
    return request.param


def attempt_blocking(target):
    transport = open_transport(target)
    try:
        return transport.send(COMPUTE, ComputeCall.of(ARGUMENTS, None), 20)
    finally:
        transport.close()


def attempt_awaiting(target):
    async def attempt():
        transport = open_async_transport(target)
        try:
            return await transport.send(COMPUTE, ComputeCall.of(ARGUMENTS, None), 20)
        finally:
            await transport.close()

    return asyncio.run(attempt())


@pytest.fixture(params=[attempt_blocking, attempt_awaiting], ids=["blocking", "awaiting"])
def attempt(request):
    """One attempt without retries, for errors that would be retried up to the deadline."""
    return request.param


@pytest.fixture(params=[GrpcServer, HttpServer], ids=["grpc", "http"])
def server_kind(request):
    return request.param


@pytest.fixture
def black_hole():
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def dead_port():
    """A port that nobody listens on: bound, so that nobody else gets it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


def test_result(server_kind, call):
    with server_kind(Script()) as server:
        result = call(server.target)
    assert result.dscores.dtype == np.float32
    assert np.array_equal(result.dscores, SCORES * 2)
    assert result.dscores.flags.writeable
    assert (result.loss, result.n_rows) == (1.5, 3)
    assert result.timing == pytest.approx(TIMING)


def test_out(server_kind, call):
    mine = np.empty_like(SCORES)
    with server_kind(Script()) as server:
        assert call(server.target, out={"dscores": mine}).dscores is mine
    assert np.array_equal(mine, SCORES * 2)


@pytest.mark.parametrize(
    "transient",
    [errors.Busy("later", retry_after=0.01), errors.Unavailable("draining")],
    ids=["busy", "unavailable"],
)
def test_transient_errors_are_survived(server_kind, call, transient):
    script = Script(transient, transient, double)
    with server_kind(script) as server:
        assert call(server.target).loss == 1.5
    assert script.calls == 3


def test_cancelled_by_nobody_is_survived(call):
    script = Script(errors.Cancelled("a proxy restarts"), double)
    with GrpcServer(script) as server:
        assert call(server.target).loss == 1.5
    assert script.calls == 2


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidArgument.at("scores[3][1]", "is NaN"),
        errors.TooLarge("too many", limit="max_response_bytes"),
        errors.Unauthenticated("no key"),
        errors.PermissionDenied("not yours"),
        errors.DeadlineExceeded("the server's word"),
        errors.Unimplemented("not here"),
        errors.Internal("a bug", request_id="abc"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_other_errors_are_raised_as_they_are(server_kind, call, error):
    script = Script(error)
    with server_kind(script) as server, pytest.raises(type(error)) as caught:
        call(server.target)
    assert str(caught.value) == str(error)
    assert vars(caught.value) == vars(error)
    assert script.calls == 1


def test_busy_beyond_the_deadline(server_kind, call):
    script = Script(errors.Busy("later", retry_after=30.0))
    with server_kind(script) as server, pytest.raises(errors.Busy) as caught:
        call(server.target, timeout=5)
    assert caught.value.retry_after == 30.0
    assert script.calls == 1


@pytest.mark.parametrize("scheme", ["grpc://", "http://"])
def test_nobody_listens(dead_port, attempt, scheme):
    with pytest.raises(errors.Unavailable):
        attempt(scheme + dead_port)


@pytest.mark.parametrize("scheme", ["grpc://", "http://"])
@pytest.mark.parametrize("timeout", [1e-6, 0.2])
def test_black_hole(black_hole, call, scheme, timeout):
    with pytest.raises(errors.DeadlineExceeded) as caught:
        call(scheme + black_hole, timeout=timeout)
    assert str(caught.value) == f"no answer within {timeout:g} s"


def test_server_slower_than_the_deadline(server_kind, call):
    stuck = Stuck()
    with server_kind(Script(stuck)) as server:
        with pytest.raises(errors.DeadlineExceeded) as caught:
            call(server.target, timeout=0.2)
        stuck.released.set()
    assert str(caught.value) == "no answer within 0.2 s"


def test_message_over_grpcs_own_limit(call):
    script = Script()
    with (
        GrpcServer(script, options=[("grpc.max_receive_message_length", 10)]) as server,
        pytest.raises(errors.TooLarge, match="send fewer rows at a time") as caught,
    ):
        call(server.target)
    assert caught.value.limit == "max_request_bytes"
    assert script.calls == 0


def test_unix_socket(tmp_path, call):
    target = f"unix://{tmp_path}/s"
    with GrpcServer(Script(), address=target):
        assert call(target).loss == 1.5


def test_method_that_the_server_lacks():
    with (
        GrpcServer(Script()) as server,
        lossgrad.Client(server.target) as client,
        pytest.raises(errors.Unimplemented),
    ):
        client.info()


@pytest.mark.parametrize(
    ("reply", "kind", "text"),
    [
        ((200, {}, b"<html>"), errors.Internal, "is not JSON; is it lossgrad?"),
        ((200, {}, b'{"loss": {}}'), errors.Internal, "the server's answer cannot be read"),
        ((502, {}, b"<html>"), errors.Unavailable, "the server answered HTTP 502"),
        ((404, {}, b""), errors.Unimplemented, "the server answered HTTP 404"),
        ((301, {"Location": "/"}, b""), errors.Internal, "the server answered HTTP 301"),
        ((200, {"Content-Length": "9", "Connection": "close"}, b"{"), errors.Unavailable, "cannot"),
    ],
)
def test_http_servers_that_are_not_lossgrad(attempt, reply, kind, text):
    with HttpServer(Script(reply)) as server, pytest.raises(kind, match=text):
        attempt(server.target)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 O", b"HTTP/1.1 200 OK\r\nA: b\r\n"])
def test_an_http_server_that_hangs_up_in_its_head(attempt, said):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=hang_up_after, args=(listener, said))
        server.start()
        with pytest.raises(errors.Unavailable, match="the server hung up"):
            attempt(f"http://127.0.0.1:{listener.getsockname()[1]}")
        server.join()


def hang_up_after(listener, said):
    connection, _ = listener.accept()
    with connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 16):
            pass


@pytest.mark.parametrize(("status", "kind"), [(429, errors.Busy), (503, errors.Unavailable)])
def test_retry_after_header(call, status, kind):
    script = Script((status, {"Retry-After": "30"}, b""))
    with HttpServer(script) as server, pytest.raises(kind) as caught:
        call(server.target, timeout=5)
    assert caught.value.retry_after == 30.0
    assert script.calls == 1


def test_a_connection_that_the_server_closed_meanwhile():
    script = Script((200, {"Connection": "close"}, b"{}"), double)
    with HttpServer(script) as server, lossgrad.Client(server.target) as client:
        assert client.compute(**ARGUMENTS).arrays == {}
        assert client.compute(**ARGUMENTS).loss == 1.5
    assert script.calls == 2
