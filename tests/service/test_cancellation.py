"""A call that nobody waits for any more ends within its computation, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager

import pytest

import lossgrad
from lossgrad.endpoints import CHECK, COMPUTE
from lossgrad.errors import Cancelled
from lossgrad.exchange import Exchange
from lossgrad_service.cores import available_cores
from tests.running import PATIENCE_SECONDS, channel_to, running_server
from tests.service.test_stream_flow import tasks_of
from tests.service.under_way import (
    CHECK_BODY,
    CHECK_MESSAGE,
    LARGE,
    MESSAGE,
    abandoned_post,
    bugs_in,
    exchange,
    watched,
)
from tests.service.web import compute


@contextmanager
def cancelled_unary(running):
    with channel_to(running.grpc) as channel:
        call = channel.unary_unary(COMPUTE.rpc).future(MESSAGE)
        yield
        call.cancel()


@contextmanager
def cancelled_stream(running):
    with channel_to(running.grpc) as channel:
        call = channel.stream_stream(Exchange.rpc)(exchange().messages())
        yield
        call.cancel()


@contextmanager
def broken_connection(running):
    with channel_to(running.grpc) as channel:
        call = channel.unary_unary(COMPUTE.rpc).future(MESSAGE)
        yield call


@contextmanager
def left_post(running):
    with abandoned_post(running.http):
        yield


@contextmanager
def cancelled_check(running):
    with channel_to(running.grpc) as channel:
        call = channel.unary_unary(CHECK.rpc).future(CHECK_MESSAGE)
        yield
        call.cancel()


@contextmanager
def left_check(running):
    with abandoned_post(running.http, CHECK_BODY, CHECK.http_path):
        yield


WAYS = [
    *(cancelled_unary, cancelled_stream, broken_connection, left_post),
    *(cancelled_check, left_check),
]


@pytest.fixture(scope="module")
def one_thread():
    with running_server(compute_threads=1) as running:
        yield running


@pytest.mark.parametrize("way", WAYS)
def test_what_is_under_way_ends_at_its_next_checkpoint(one_thread, monkeypatch, caplog, way):
    before = tasks_of(one_thread)
    with watched(monkeypatch) as computations:
        with way(one_thread):
            assert computations.begun.wait(PATIENCE_SECONDS)
        assert computations.is_over.wait(PATIENCE_SECONDS)
        # The one thread is free again, or this would not be answered.
        with lossgrad.Client(one_thread.grpc, timeout=PATIENCE_SECONDS) as client:
            assert client.compute(**LARGE.problem.inputs).n_rows == LARGE.problem.n_rows
            while tasks_of(one_thread) > before:
                client.info()
        ((under_way, checks),) = computations.checks_before.items()
        assert computations.checks[under_way] - checks <= available_cores()
    assert {type(error) for error in computations.raised} == {Cancelled}
    assert not bugs_in(caplog)


def test_a_cancelled_task_ends_its_computation(one_thread, monkeypatch):
    async def cancel(computations):
        async with lossgrad.AsyncClient(one_thread.grpc) as client:
            task = asyncio.create_task(client.compute(**LARGE.problem.inputs))
            await asyncio.to_thread(computations.begun.wait, PATIENCE_SECONDS)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(computations.is_over.wait, PATIENCE_SECONDS)

    with watched(monkeypatch) as computations:
        asyncio.run(cancel(computations))
        assert computations.is_over.is_set()


def test_others_are_answered_while_one_is_cancelled(one_thread, monkeypatch):
    """Small calls need no thread."""
    with watched(monkeypatch) as computations, cancelled_unary(one_thread):
        assert computations.begun.wait(PATIENCE_SECONDS)
        answer = compute(one_thread.http, {"scores": [[1.0, 2.0]], "labels": [0]})
        assert answer.status == 200
