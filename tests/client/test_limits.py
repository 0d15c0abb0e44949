"""What both clients refuse before it is sent, and how they come to know the limits."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

import lossgrad
from lossgrad import errors
from lossgrad.endpoints import CHECK, COMPUTE, INFO
from lossgrad.known_limits import SMALL
from lossgrad.types import Limits, ServerInfo, limits
from lossgrad_service import local
from tests.client.servers import double
from tests.running import running_server

MEBIBYTE = 2**20
AMPLE = Limits(
    max_request_bytes=64 * MEBIBYTE,
    max_response_bytes=64 * MEBIBYTE,
    max_tensor_bytes=2**40,
    max_stream_bytes=2**40,
    max_held_bytes=2**30,
)
TIGHT = Limits(
    max_request_bytes=MEBIBYTE,
    max_response_bytes=MEBIBYTE,
    max_tensor_bytes=MEBIBYTE,
    max_stream_bytes=MEBIBYTE,
    max_held_bytes=MEBIBYTE,
)


def arguments(size):
    """Inputs and outputs of `size` bytes together, of one class."""
    rows = size // 9
    return {
        "scores": np.zeros((rows, 1), np.float32),
        "labels": np.zeros(rows, np.int8),
    }


SMALL_CALL = arguments(SMALL - 9)
LARGE_CALL = arguments(2 * SMALL)
STREAMED_CALL = arguments(2 * limits.STREAMED_FROM)


def info(published):
    return ServerInfo(
        version="0",
        limits=published,
        losses=(),
        outputs=(),
        float_dtypes=(),
        label_dtypes=(),
        compute_threads=1,
        uptime_seconds=0,
    )


class Server:
    """Answers GetServerInfo from a list, the last entry for ever, and computes anything."""

    def __init__(self, *published):
        self.published = list(published)
        self.asked = []
        self.timeouts = []

    def send(self, endpoint, request, timeout):
        self.asked.append(endpoint)
        self.timeouts.append(timeout)
        if endpoint is COMPUTE:
            return double(request.problem)
        if endpoint is CHECK:
            return request
        entry = self.published[0] if len(self.published) == 1 else self.published.pop(0)
        if isinstance(entry, Exception):
            raise entry
        return info(entry)

    def close(self):
        pass


class AwaitingServer(Server):
    async def send(self, endpoint, request, timeout):
        return super().send(endpoint, request, timeout)

    async def close(self):
        pass


class Blocking:
    """A blocking client of a scripted server."""

    def __init__(self, *published, target="localhost:1"):
        self.server = Server(*published)
        self._client = lossgrad.Client(target, timeout=20)
        self._client._transport = self.server

    def compute(self, given):
        return self._client.compute(**given)

    def check(self, given, gradients=None):
        return self._client.check(**given, gradients=gradients)


class Awaiting:
    """The same for event loops."""

    def __init__(self, *published, target="localhost:1"):
        self.server = AwaitingServer(*published)
        self._client = lossgrad.AsyncClient(target, timeout=20)
        self._client._transport = self.server

    def compute(self, given):
        return asyncio.run(self._client.compute(**given))

    def check(self, given, gradients=None):
        return asyncio.run(self._client.check(**given, gradients=gradients))


@pytest.fixture(params=[Blocking, Awaiting], ids=["blocking", "awaiting"])
def client_of(request):
    return request.param


def test_small_calls_never_ask(client_of):
    client = client_of(TIGHT)
    client.compute(SMALL_CALL)
    assert client.server.asked == [COMPUTE]


def test_large_calls_ask_once(client_of):
    client = client_of(AMPLE)
    for _ in range(3):
        client.compute(LARGE_CALL)
    assert client.server.asked == [INFO, COMPUTE, COMPUTE, COMPUTE]


def test_calls_under_a_low_limit_are_sent_once_it_is_known(client_of):
    client = client_of(replace(AMPLE, max_request_bytes=100))
    with pytest.raises(errors.TooLarge, match="max_request_bytes is 100; have the server's"):
        client.compute(LARGE_CALL)
    client.compute(arguments(90))
    assert client.server.asked == [INFO, COMPUTE]


def test_what_is_too_large_is_not_sent(client_of):
    client = client_of(TIGHT)
    with pytest.raises(errors.TooLarge, match="max_tensor_bytes is 1048576; send fewer rows"):
        client.compute(arguments(3 * MEBIBYTE))
    assert client.server.asked == [INFO]


def test_nothing_is_refused_by_an_old_answer(client_of):
    client = client_of(TIGHT, TIGHT, AMPLE)
    small_enough = arguments(SMALL + 9)
    client.compute(small_enough | {"want": ["loss"]})
    client.compute(small_enough | {"want": ["loss"]})
    assert client.server.asked == [COMPUTE, COMPUTE]
    for _ in range(2):
        with pytest.raises(errors.TooLarge):
            client.compute(arguments(3 * MEBIBYTE))
    assert client.server.asked[2:] == [INFO, INFO]
    client.compute(arguments(3 * MEBIBYTE))
    client.compute(arguments(3 * MEBIBYTE))
    assert client.server.asked[4:] == [INFO, COMPUTE, COMPUTE]


@pytest.mark.parametrize(
    "error", [errors.Unimplemented("?"), errors.PermissionDenied("no"), errors.Internal("oops")]
)
def test_a_server_that_does_not_tell(client_of, error):
    client = client_of(error)
    for _ in range(2):
        assert client.compute(STREAMED_CALL).n_rows
    assert client.server.asked == [INFO, COMPUTE, COMPUTE]


@pytest.mark.parametrize("error", [errors.Unavailable("draining"), errors.Busy("later")])
def test_what_is_transient_is_tried_again(client_of, monkeypatch, error):
    monkeypatch.setattr("lossgrad.retry.BASE_PAUSE", 0.0)
    client = client_of(error, error, AMPLE)
    assert client.compute(LARGE_CALL).n_rows
    assert client.server.asked == [INFO, INFO, INFO, COMPUTE]


@pytest.mark.parametrize("error", [errors.DeadlineExceeded("late"), errors.Unauthenticated("who?")])
def test_other_errors_are_raised(client_of, error):
    client = client_of(error)
    with pytest.raises(type(error)):
        client.compute(LARGE_CALL)
    assert client.server.asked == [INFO]


def test_asking_counts_against_the_calls_time(client_of):
    client = client_of(AMPLE)
    client.compute(LARGE_CALL)
    asking, computing = client.server.timeouts
    assert 0 < computing < asking <= 20


@pytest.mark.parametrize(
    ("target", "call", "limit"),
    [
        ("localhost:1", LARGE_CALL, "max_stream_bytes"),
        ("localhost:1", STREAMED_CALL, "max_tensor_bytes"),
        ("http://localhost:1", LARGE_CALL, "max_request_bytes"),
        ("http://localhost:1", STREAMED_CALL, "max_request_bytes"),
    ],
)
def test_each_way_has_its_own_rules(client_of, target, call, limit):
    client = client_of(TIGHT, target=target)
    with pytest.raises(errors.TooLarge) as caught:
        client.compute(call)
    assert caught.value.limit == limit
    assert ("call over gRPC" in str(caught.value)) == target.startswith("http")


def test_in_process_nothing_is_asked(client_of):
    client = client_of(TIGHT, target="local:")
    client.compute(STREAMED_CALL)
    assert client.server.asked == [COMPUTE]


@pytest.mark.parametrize("target", ["localhost:1", "http://localhost:1"])
def test_a_check_is_one_message_whatever_its_size(client_of, target):
    client = client_of(TIGHT, target=target)
    assert client.check(SMALL_CALL).problem.n_rows
    with pytest.raises(errors.TooLarge, match="never a stream; check some hundred") as caught:
        client.check(STREAMED_CALL)
    assert caught.value.limit == "max_request_bytes"
    own = {"probs": np.zeros(SMALL // 4, np.float32)}
    with pytest.raises(errors.TooLarge, match="max_request_bytes is 1048576"):
        client.check(SMALL_CALL, own)
    assert client.server.asked == [CHECK, INFO, INFO]


def test_a_large_check_is_sent_within_the_limits(client_of):
    client = client_of(AMPLE)
    for _ in range(2):
        client.check(STREAMED_CALL)
    assert client.server.asked == [INFO, CHECK, CHECK]


@pytest.fixture(scope="module")
def small():
    """A real server with limits that calls of a few MiB are over."""
    with running_server(
        max_request_bytes=3 * MEBIBYTE,
        max_response_bytes=3 * MEBIBYTE,
        max_tensor_bytes=8 * MEBIBYTE,
        max_stream_bytes=16 * MEBIBYTE,
        max_held_bytes=4 * MEBIBYTE,
    ) as running:
        yield running


def assert_too_large(target, given, limit):
    with lossgrad.Client(target) as client:
        client.compute(**SMALL_CALL)
        with pytest.raises(errors.TooLarge) as caught:
            client.compute(**given)
    assert caught.value.limit == limit
    assert f"{limit} is " in str(caught.value)


def wide(rows, columns):
    """Rows of float32 scores, of which nothing but the loss is asked for."""
    labels = np.zeros(rows, np.int8)
    return {"scores": np.zeros((rows, columns), np.float32), "labels": labels, "want": ["loss"]}


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        (wide(3 * 2**16, 16), "max_tensor_bytes"),
        (wide(2**20, 1) | {"want": ["probs", "log_partition"]}, "max_stream_bytes"),
        (wide(2**20, 1) | {"labels": np.zeros(2**20, np.int64)}, "max_held_bytes"),
        (wide(2, 800_000), "max_request_bytes"),
    ],
)
def test_a_real_server_over_grpc(small, given, limit):
    assert_too_large(small.grpc, given, limit)


@pytest.mark.parametrize(
    "given",
    [
        wide(700_000, 1),
        wide(450_000, 1) | {"want": ["log_partition"]},
        wide(2**9, 2**10) | {"targets": np.zeros((2**9, 2**10)), "labels": None},
        {"h1": np.zeros((9, 900), np.float32), "w2": np.ones((900, 999), np.float32)}
        | {"labels": np.zeros(9, np.int8), "want": ["loss"]},
    ],
    ids=["the request", "the answer", "rows", "a parameter"],
)
def test_what_no_message_of_a_real_server_holds_goes_in_pieces(small, given):
    with lossgrad.Client(small.grpc) as client, lossgrad.Client("local:") as local_client:
        result, expected = client.compute(**given), local_client.compute(**given)
    assert result.scalars == expected.scalars
    for name, array in expected.arrays.items():
        assert result.arrays[name].tobytes() == array.tobytes()


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        (wide(600_000, 1), "max_request_bytes"),
        (wide(450_000, 1) | {"want": ["log_partition"]}, "max_response_bytes"),
    ],
)
def test_a_real_server_over_http(small, given, limit):
    assert_too_large(small.http, given, limit)


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_check_by_a_real_server(small, protocol):
    columns = 3 * MEBIBYTE // 8
    given = {"scores": np.zeros((2, columns), np.float32), "labels": [0, 0]}
    with lossgrad.Client(getattr(small, protocol)) as client:
        with pytest.raises(errors.TooLarge, match="a check is one message") as caught:
            client.check(**given)
        assert caught.value.limit == "max_request_bytes"
        huge = {"h1": np.zeros((2**12, 1)), "w2": np.ones((1, 2**12)), "labels": [0] * 2**12}
        with pytest.raises(errors.TooLarge) as caught:
            client.check(**huge)
        assert caught.value.limit == "max_check_entries"
        assert client.check(scores=[[1.0, 2.0]], labels=[0]).ok


@pytest.fixture
def _tight_settings(monkeypatch):
    monkeypatch.setenv("LOSSGRAD_MAX_TENSOR_BYTES", str(MEBIBYTE))
    local._service.cache_clear()
    yield
    local._service.cache_clear()


@pytest.mark.usefixtures("_tight_settings")
def test_in_process():
    assert_too_large("local:", wide(2**19, 1), "max_tensor_bytes")
