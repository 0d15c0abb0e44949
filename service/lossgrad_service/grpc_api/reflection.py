"""Server reflection, whose open streams end with the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeVar

from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

from lossgrad.errors import LossGradError
from lossgrad_service.admission import Gate
from lossgrad_service.grpc_api.contexts import call_of, metadata_of, tell_error
from lossgrad_service.grpc_api.entrance import enter

Item = TypeVar("Item")


class Reflection(reflection_pb2_grpc.ServerReflectionServicer):
    """Answers what a caller asks about `services` until `end`, once it is in at the gate."""

    def __init__(self, services: tuple[str, ...], gate: Gate) -> None:
        self._gate = gate
        names = (*services, reflection.SERVICE_NAME)
        self._library: Any = reflection.aio.ReflectionServicer(names)  # pyright: ignore[reportAttributeAccessIssue]
        self._over = asyncio.Event()

    def end(self) -> None:
        """Take every stream's questions for complete."""
        self._over.set()

    async def ServerReflectionInfo(  # noqa: N802
        self, request_iterator: AsyncIterator[Any], context: Any
    ) -> AsyncIterator[Any]:
        """Answer each question of a stream."""
        metadata = metadata_of(context)
        try:
            enter(self._gate, context, metadata)
        except LossGradError as error:
            tell_error(context, error, call_of(context, metadata))
            return
        questions = until(self._over, request_iterator)
        async for answer in self._library.ServerReflectionInfo(questions, context):
            yield answer


async def until(over: asyncio.Event, items: AsyncIterator[Item]) -> AsyncIterator[Item]:
    """Yield `items` as they come, until there are no more or `over` is set."""
    ending = asyncio.create_task(over.wait())
    try:
        while (following := await _unless(ending, items)) is not None:
            yield following
    finally:
        ending.cancel()


async def _unless(ending: asyncio.Task[Any], items: AsyncIterator[Item]) -> Item | None:
    """Return the next item, or None if there is none or `ending` is done first."""
    following = asyncio.create_task(_next(items))
    await asyncio.wait((following, ending), return_when=asyncio.FIRST_COMPLETED)
    if following.done():
        return following.result()
    following.cancel()
    return None


async def _next(items: AsyncIterator[Item]) -> Item | None:
    return await anext(items, None)
