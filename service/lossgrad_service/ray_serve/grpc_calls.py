"""Calls over gRPC that Ray's proxies pass on: the same handlers, gate and limits as on a port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple, cast

import grpc

from lossgrad.codecs import chunks
from lossgrad.errors import LossGradError
from lossgrad_service.admission import Gate
from lossgrad_service.calls import Dispatcher
from lossgrad_service.grpc_api.contexts import Context, call_of, errors_told, metadata_of
from lossgrad_service.grpc_api.handlers import SERVICE_NAME, service_handler
from lossgrad_service.ray_serve.contexts import Passed, ProxiedContext
from lossgrad_service.ray_serve.lost_replicas import torn
from lossgrad_service.ray_serve.replies import Replies
from lossgrad_service.shared_memory import Memories

_NO_MORE: Final = chunks.encode_closing({})


class _Details(NamedTuple):
    """What gRPC would ask for a handler by."""

    method: str
    invocation_metadata: None = None


class GrpcCalls:
    """Has the handlers of the service answer what Ray's proxies pass on.

    Whatever goes wrong is told by what is set in `passed`: what a proxy says by itself then means
    that it has lost the replica.
    """

    def __init__(self, dispatcher: Dispatcher, gate: Gate, memories: Memories) -> None:
        self._handlers = service_handler(dispatcher, gate, memories)
        self._most_bytes = dispatcher.service.limits.max_request_bytes

    async def answer(self, name: str, message: bytes, passed: Passed) -> bytes:
        """Answer one message by one, empty where an error is told."""
        context = ProxiedContext(passed, _alone(message), self._most_bytes, _refuse)
        with _told(context), context.lasting():
            return await self._handler_of(name).stream_unary(None, context)
        return b""

    async def stream(
        self, name: str, messages: AsyncIterator[bytes], passed: Passed
    ) -> AsyncGenerator[bytes]:
        """Yield the replies to a stream of messages.

        What is set in `passed` reaches the proxy with a reply, so that the last one waits for
        the end. Where an error leaves none, an empty one brings it.
        """
        replies = Replies()
        context = ProxiedContext(passed, _from_the_first(messages), self._most_bytes, replies.put)
        answering = asyncio.create_task(self._answer_all(name, context))
        answering.add_done_callback(replies.end)
        last: bytes | None = None
        try:
            while (reply := await replies.take()) is not None:
                if last is not None:
                    yield last
                last = reply
            answering.result()  # it may have been cancelled, which is no end
            yield _NO_MORE if last is None else last
        finally:
            answering.cancel()
            await asyncio.wait((answering,))
            replies.drop()

    async def _answer_all(self, name: str, context: ProxiedContext) -> None:
        with _told(context), context.lasting():
            await self._handler_of(name).stream_stream(None, context)

    def _handler_of(self, name: str) -> Any:
        details = _Details(f"/{SERVICE_NAME}/{name}")
        return self._handlers.service(cast(grpc.HandlerCallDetails, details))


def _told(context: ProxiedContext) -> AbstractContextManager[None]:
    """Have errors beyond a handler's told as well, by a request id of their own."""
    ours = cast(Context, context)
    return errors_told(ours, call_of(ours, metadata_of(ours)))


async def _alone(message: bytes) -> AsyncGenerator[bytes]:
    yield message


async def _from_the_first(messages: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """Yield the messages of a stream that begins where its caller began it.

    Ray hands a stream to another replica where it loses one before it knows that this one took
    the stream; the messages that this one had are gone.

    Raises
    ------
    Unavailable
        Where there are none, or the first one goes on with something.
    """
    first = await anext(aiter(messages), b"")
    if not first or _goes_on(first):
        raise torn()
    yield first
    async for message in messages:
        yield message


def _goes_on(message: bytes) -> bool:
    try:
        return isinstance(chunks.decode_stream_request(message), tuple)
    except LossGradError:  # which the handler tells
        return False


async def _refuse(_message: bytes) -> None:
    raise AssertionError("a unary call has its answer returned")
