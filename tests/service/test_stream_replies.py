"""A block of a stream is computed while the last reply is on its way, whatever becomes of that."""

from __future__ import annotations

import gc
from itertools import islice

import grpc
import numpy as np
import pytest

import lossgrad
from lossgrad_service.grpc_api import stream_handler
from lossgrad_service.grpc_api.contexts import GONE
from tests.admission.gates import until
from tests.metrics.reading import value_of
from tests.running import PATIENCE_SECONDS
from tests.service.replies import BLOCKS, blocks, exchange_of, held
from tests.service.test_stream_flow import tasks_of

NO_MESSAGE = b"\xff"


@pytest.fixture(params=["in threads", "on the event loop"])
def replies(running, monkeypatch, request):
    """Replies of blocks that are computed here or there."""
    if request.param == "in threads":
        monkeypatch.setattr(stream_handler, "SMALL_BYTES", 0)
    with held(running, monkeypatch) as replies:
        yield replies


@pytest.fixture
def in_thread(running, monkeypatch):
    """Replies of blocks that may be held as they are computed."""
    monkeypatch.setattr(stream_handler, "SMALL_BYTES", 0)
    with held(running, monkeypatch) as replies:
        yield replies


def begun(channel, n_blocks=BLOCKS, *more):
    """Send the opening, the labels, some blocks, and more; return what answers it."""
    exchange = exchange_of(blocks())
    messages = [*islice(exchange.messages(), 2 + n_blocks), *more]
    return channel.stream_stream(exchange.rpc)(iter(messages))


def end_of(answers):
    """Return how many answers came before an error, and its code."""
    came = []
    with pytest.raises(grpc.RpcError) as caught:
        came.extend(iter(answers))
    return len(came), caught.value.code()


def test_one_reply_is_on_its_way_and_one_is_computed(channel, replies):
    call = blocks()
    exchange = exchange_of(call)
    answers = channel.stream_stream(exchange.rpc)(exchange.messages())
    assert replies.is_awaited.wait(PATIENCE_SECONDS)
    assert (replies.n_computed, replies.begun) == (2, [1])
    replies.let_through()
    for answer in answers:
        exchange.take(answer)
    assert replies.begun == [*range(1, BLOCKS + 1), BLOCKS]  # with the closing
    with lossgrad.Client("local:") as local:
        expected = local.compute(**call.problem.inputs)
    found = exchange.result({})
    assert found.loss == expected.loss
    np.testing.assert_array_equal(found.dscores, expected.dscores)


def test_an_error_comes_after_the_replies_before_it(channel, replies):
    answers = begun(channel, 1, NO_MESSAGE)
    assert replies.is_awaited.wait(PATIENCE_SECONDS)
    replies.let_through()
    assert end_of(answers) == (1, grpc.StatusCode.INVALID_ARGUMENT)


def test_a_stream_that_ends_too_early_ends_after_its_replies(channel, replies):
    answers = begun(channel, 2)
    assert replies.is_awaited.wait(PATIENCE_SECONDS)
    replies.let_through()
    assert end_of(answers) == (2, grpc.StatusCode.INVALID_ARGUMENT)


def test_a_reply_larger_than_others_is_taken_before_the_next_is_computed(
    channel, replies, monkeypatch
):
    monkeypatch.setattr("lossgrad_service.grpc_api.stream_ends.USUAL_BYTES", 1)
    answers = begun(channel)
    assert replies.is_awaited.wait(PATIENCE_SECONDS)
    assert (replies.n_computed, replies.begun) == (1, [1])
    replies.let_through()
    assert len(list(answers)) == BLOCKS + 1


def test_a_reply_that_fails_ends_the_stream(running, channel, in_thread, caplog):
    before = tasks_of(running)
    in_thread.goes_on.clear()
    answers = begun(channel)
    assert in_thread.is_sent.wait(PATIENCE_SECONDS)
    in_thread.let_through(GONE("the caller went away"))
    in_thread.goes_on.set()
    assert end_of(answers) == (0, grpc.StatusCode.CANCELLED)
    assert in_thread.n_computed == 2
    assert nothing_is_left(running, before, caplog)


def test_a_caller_that_leaves_while_a_reply_is_on_its_way(running, channel, replies, caplog):
    before, gone = tasks_of(running), n_gone(running)
    answers = begun(channel)
    assert replies.is_awaited.wait(PATIENCE_SECONDS)
    answers.cancel()
    until(lambda: n_gone(running) > gone)
    replies.let_through()
    assert nothing_is_left(running, before, caplog)
    assert replies.n_computed == 2


def n_gone(running):
    """Return how many callers the server has seen leave."""
    return value_of(running.server._place.slab, "lossgrad_cancelled_calls_total", cause="caller")


def nothing_is_left(running, before, caplog):
    """Return whether all tasks end, and asyncio complains of none of them."""
    with lossgrad.Client(running.grpc) as client:
        while tasks_of(running) > before:
            client.info()
    gc.collect()
    return not [record for record in caplog.records if record.name == "asyncio"]
