"""Calls that Ray's proxies pass on, without Ray: whatever a handler does, they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing

import grpc
import pytest

from lossgrad.codecs.chunks import Chunk, encode_input_chunks
from lossgrad.codecs.status import DETAILS_KEY, decode_status
from lossgrad.errors import Internal, LossGradError, Unavailable
from lossgrad_service.calls.request_id import HEADER
from lossgrad_service.grpc_api import handlers
from lossgrad_service.grpc_api.batches import to_its_end
from lossgrad_service.ray_serve import grpc_calls
from lossgrad_service.ray_serve.grpc_calls import GrpcCalls
from lossgrad_service.ray_serve.replica import Replica
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.runtime.wrong_settings import WrongSettings
from tests.running import PATIENCE_SECONDS

Answering = Callable[[object, grpc.aio.ServicerContext], Awaitable[None]]


class Passed:
    """What Ray keeps of a call."""

    def __init__(self) -> None:
        self.code: grpc.StatusCode | None = None
        self.details = ""
        self.trailing: dict[str, str | bytes] = {}

    def invocation_metadata(self) -> list[tuple[str, str]]:
        return []

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"

    def set_code(self, code: grpc.StatusCode) -> None:
        self.code = code

    def set_details(self, details: str) -> None:
        self.details = details

    def set_trailing_metadata(self, trailing_metadata: list[tuple[str, str | bytes]]) -> None:
        self.trailing = dict(trailing_metadata)

    @property
    def error(self) -> LossGradError:
        assert self.code is not None
        return decode_status(self.code.value[0], self.details, self.trailing[DETAILS_KEY])


async def no_messages() -> AsyncIterator[bytes]:
    return
    yield b""


@pytest.fixture
def answered_by(monkeypatch) -> Callable[[Answering], Awaitable[GrpcCalls]]:
    """Return what makes calls that a function answers."""

    def of(answering: Answering) -> grpc.GenericRpcHandler:
        handler = grpc.stream_stream_rpc_method_handler(answering)
        return grpc.method_handlers_generic_handler(
            handlers.SERVICE_NAME, {"ComputeStream": handler}
        )

    async def made(answering: Answering) -> GrpcCalls:
        monkeypatch.setattr(grpc_calls, "service_handler", lambda *_: of(answering))
        async with Replica(Settings(insecure=True)) as replica:
            return replica.grpc_calls

    return made


def replies_of(made, answering: Answering, passed: Passed) -> list[bytes]:
    async def run() -> list[bytes]:
        calls = await made(answering)
        return [reply async for reply in calls.stream("ComputeStream", no_messages(), passed)]

    return asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))


def test_a_bug_beyond_the_handler_is_told(answered_by):
    def fail(_context: object) -> None:
        raise ZeroDivisionError

    async def answer(_: object, context: grpc.aio.ServicerContext) -> None:
        context.add_done_callback(fail)
        await context.write(b"one")

    passed = Passed()
    assert replies_of(answered_by, answer, passed) == [b"one"]
    assert isinstance(passed.error, Internal)
    assert passed.error.request_id == passed.trailing[HEADER]


def test_a_handler_that_is_cancelled_ends_the_call(answered_by):
    async def answer(_: object, context: grpc.aio.ServicerContext) -> None:
        await context.write(b"one")
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        replies_of(answered_by, answer, Passed())


def test_replies_keep_their_order(answered_by):
    sent = [bytes([number]) for number in range(9)]

    async def answer(_: object, context: grpc.aio.ServicerContext) -> None:
        for reply in sent:
            await context.write(reply)

    assert replies_of(answered_by, answer, Passed()) == sent


def test_a_caller_that_is_gone_ends_the_handler(answered_by):
    async def run() -> None:
        ended = asyncio.Event()

        async def answer(_: object, context: grpc.aio.ServicerContext) -> None:
            try:
                while True:
                    await context.write(b"more")
            finally:
                ended.set()

        calls = await answered_by(answer)
        async with aclosing(calls.stream("ComputeStream", no_messages(), Passed())) as replies:
            await anext(replies)
        assert ended.is_set()

    asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))


def test_a_reply_that_nobody_takes_is_let_go_of(answered_by):
    async def run() -> None:
        async def answer(_: object, context: grpc.aio.ServicerContext) -> None:
            while True:
                await to_its_end(context.write(b"more"))

        calls = await answered_by(answer)
        before = asyncio.all_tasks()
        async with aclosing(calls.stream("ComputeStream", no_messages(), Passed())) as replies:
            await anext(replies)
            for _ in range(9):  # turns, in which the handler comes to wait
                await asyncio.sleep(0)
        while asyncio.all_tasks() != {asyncio.current_task(), *before}:
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))


@pytest.mark.parametrize(
    "messages",
    [[], [b""], [encode_input_chunks([Chunk("scores", 0, bytes(8))])]],
    ids=["none", "an empty one", "rows"],
)
def test_a_stream_that_was_begun_elsewhere_is_to_be_sent_again(messages):
    async def sent() -> AsyncIterator[bytes]:
        for message in messages:
            yield message

    async def run() -> None:
        async with Replica(Settings(insecure=True)) as replica:
            async for _ in replica.grpc_calls.stream("ComputeStream", sent(), passed):
                pass

    passed = Passed()
    asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))
    assert isinstance(passed.error, Unavailable)
    assert "send the whole stream again" in str(passed.error)


def test_what_ray_opens_must_be_meant():
    with pytest.raises(WrongSettings, match="LOSSGRAD_INSECURE=true"):
        Replica(Settings())
