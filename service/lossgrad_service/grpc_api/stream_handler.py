"""``ComputeStream`` on its way through gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from functools import partial
from typing import Any, Final

import grpc
from grpc import aio

from lossgrad.errors import Cancelled, LossGradError
from lossgrad_service.calls import Dispatcher
from lossgrad_service.grpc_api.compute_stream import ComputeStream
from lossgrad_service.grpc_api.contexts import Context, call_of, tell_error, tell_timing

_END: Any = aio.EOF  # pyright: ignore[reportAttributeAccessIssue]
"""What is read where the caller has ended its side."""

_GONE: Any = aio.InternalError  # pyright: ignore[reportAttributeAccessIssue]


SMALL_BYTES: Final = 2**22
"""Of the largest message that is computed on the event loop."""


def stream_handler(dispatcher: Dispatcher) -> grpc.RpcMethodHandler[Any, Any]:
    """Return the handler of ``ComputeStream`` on raw bytes.

    A message is computed when the replies to the last one are on their way: a caller
    that does not read, or does not send, holds nobody but itself. Blocks that take
    about a millisecond are computed on the event loop as long as there is one stream:
    handing megabytes to a thread and back costs more than that.
    """
    under_way: set[Context] = set()

    async def answer(_: object, context: Context) -> None:
        call = call_of(context)
        stream = ComputeStream(dispatcher.service, call.watch)

        async def relay(replies: Iterator[bytes | None], *, at_once: bool) -> None:
            run = dispatcher.run_at_once if at_once else dispatcher.run
            following = partial(next, replies, _END)
            while (reply := await run(call, following)) is not _END:
                if reply is None:
                    await asyncio.sleep(0)
                else:
                    await context.write(reply)

        def is_quick(message: bytes) -> bool:
            is_alone = len(under_way) == 1 and dispatcher.readiness.is_warm
            return is_alone and stream.is_quick and len(message) <= SMALL_BYTES

        under_way.add(context)
        try:
            async with aclosing(_messages(context)) as messages:
                async for message in messages:
                    await relay(stream.replies(message), at_once=is_quick(message))
            await relay(stream.last_replies(), at_once=False)
            tell_timing(context, call)
        except LossGradError as error:
            tell_error(context, error, call)
        except _GONE:  # the caller, while it was answered
            tell_error(context, Cancelled("the connection broke"), call)
        finally:
            under_way.remove(context)

    return grpc.stream_stream_rpc_method_handler(answer)


async def _messages(context: Context) -> AsyncGenerator[bytes]:
    """Yield a caller's messages; while one is used, the next one is received, and no other."""
    reading = asyncio.ensure_future(context.read())
    try:
        while (message := await reading) is not _END:
            reading = asyncio.ensure_future(context.read())
            yield message
    finally:
        reading.cancel()
