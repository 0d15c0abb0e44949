"""Servers that are down, that are killed under a call, and that answer with errors."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Event

import grpc
import numpy as np
import pytest

import lossgrad
from lossgrad.codecs.status import DETAILS_KEY, encode_status
from lossgrad.errors import (
    DeadlineExceeded,
    Internal,
    InvalidArgument,
    LossGradError,
    Unavailable,
)
from lossgrad.sharded import client as client_of_threads
from lossgrad_service.child import COMMAND, running_child
from tests.behaviour import problems
from tests.client.servers import GrpcServer, Script, Stuck, double
from tests.running import PATIENCE_SECONDS, Sharded
from tests.sharded.comparing import assert_alike, assert_equal

LARGE = {"rows": 1024, "classes": 16_000, "dtype": np.float32}
"""Some 64 MB of scores: a call that is under way for a while."""


@pytest.fixture
def down() -> Iterator[str]:
    """A target where nobody listens, and nobody else will."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_is_down_from_the_start(several, targets, single, down, place):
    some = targets[:2]
    some.insert(place, down)
    problem = problems.labelled("h1", rows=30)
    with several(some) as client:
        for _ in range(20):  # more than a bucket of retries would carry
            assert_alike(client.compute(**problem), single.compute(**problem), parts=3)
        assert client.info().version == single.info().version
        assert client.check(**problem).ok


def test_all_are_down(several, down):
    with several([down, down]) as client:
        began = time.monotonic()
        with pytest.raises((Unavailable, DeadlineExceeded)):
            client.compute(**problems.labelled("scores"), timeout=1.0)
        assert time.monotonic() - began < PATIENCE_SECONDS


def test_one_is_killed_under_a_call(several, targets, single):
    problem = problems.labelled("scores", **LARGE)
    expected = single.compute(**problem)
    own = np.full((LARGE["rows"], LARGE["classes"]), np.nan, np.float32)
    with (
        running_child(COMMAND, 2) as child,
        several([child.addresses["gRPC"], targets[0]]) as client,
    ):
        under_way = client.compute_future(**problem, out={"dscores": own})
        while np.isnan(own[[0, 512], 0]).any() and not under_way.done():
            time.sleep(0.001)
        os.kill(child.pid, signal.SIGKILL)
        result = under_way.result(PATIENCE_SECONDS)
    assert_equal(result.dscores, expected.dscores, "dscores")
    assert result.loss == pytest.approx(expected.loss, rel=1e-15)


def test_no_answer_in_time(several, targets):
    stuck = Stuck()
    with GrpcServer(Script(stuck)) as server, several([server.target, targets[0]]) as client:
        with pytest.raises(DeadlineExceeded, match=r"no answer within 0\.3 s"):
            client.compute(**problems.labelled("scores"), timeout=0.3)
        stuck.released.set()


def test_parts_that_wait_for_their_turn_have_no_more_time(monkeypatch):
    """Two calls arrive: the part that had its turn, and a call of its own, wherever that goes."""
    monkeypatch.setattr(client_of_threads, "_MOST_PARTS", 1)
    stuck = Stuck()
    first, second = Script(stuck, double), Script()
    with (
        GrpcServer(first) as one,
        GrpcServer(second) as two,
        Sharded([one.target, two.target]) as client,
    ):
        with pytest.raises(DeadlineExceeded, match=r"no answer within 1 s"):
            client.compute(**problems.labelled("scores"), timeout=1)
        client.compute_future(scores=[[0.0, 1.0]], labels=[0]).result(PATIENCE_SECONDS)
        stuck.released.set()
    assert first.calls + second.calls == 2


@pytest.mark.parametrize("error", [Internal("a bug"), InvalidArgument.at("w2", "is strange")])
def test_an_error_is_raised_once(several, targets, error):
    with GrpcServer(Script(error)) as server, several([server.target, *targets[:3]]) as client:
        with pytest.raises(type(error)) as caught:
            client.compute(**problems.labelled("scores", rows=8))
        assert str(caught.value).endswith(str(error))


def test_a_refusal_waits_for_no_part_that_says_nothing_more(several):
    stuck, refusal = Stuck(), InvalidArgument.at("w2", "is strange")
    with (
        GrpcServer(Script(stuck)) as one,
        GrpcServer(Script(refusal)) as two,
        several([one.target, two.target]) as client,
    ):
        refused = client.compute_future(**problems.labelled("scores", rows=8))
        try:
            assert isinstance(refused.exception(10), InvalidArgument)
        finally:
            stuck.released.set()


class Streams:
    """A server whose streams never end, or with an error once those of another have begun.

    It tells when one has begun, and is ended.
    """

    def __init__(self, error: LossGradError | None = None, after: Streams | None = None) -> None:
        self.begun, self.ended = Event(), Event()
        self._error = error
        self._after = self if after is None else after

    def __call__(self, _requests, context):
        context.add_callback(self.ended.set)
        self.begun.set()
        self._after.begun.wait(PATIENCE_SECONDS)
        if self._error is not None:
            status = encode_status(self._error)
            context.set_trailing_metadata(((DETAILS_KEY, status.details),))
            context.abort(grpc.StatusCode.INTERNAL, status.message)
        self.ended.wait(PATIENCE_SECONDS)
        yield from ()


@contextmanager
def serving(streams: Streams) -> Iterator[str]:
    handler = grpc.stream_stream_rpc_method_handler(streams)
    methods = {"ComputeStream": handler}
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("lossgrad.v1.LossGradService", methods),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def test_an_error_ends_the_other_calls(several):
    silent = Streams()
    failing = Streams(Internal("a bug"), after=silent)
    problem = problems.labelled("scores", **LARGE)
    with serving(silent) as one, serving(failing) as two, several([one, two]) as client:
        with pytest.raises(Internal):
            client.compute(**problem)
        assert silent.ended.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize("kind", [lossgrad.ShardedClient, lossgrad.AsyncShardedClient])
def test_what_is_no_list_of_targets(kind):
    for targets in ([], "localhost:50051", 7):
        with pytest.raises(InvalidArgument, match="targets"):
            kind(targets)
    with pytest.raises(InvalidArgument, match="one kind, got grpc and http"):
        kind(["localhost:50051", "http://localhost:8080"])
    with pytest.raises(InvalidArgument, match="target"):
        kind(["localhost:50051", "ftp://x"])
