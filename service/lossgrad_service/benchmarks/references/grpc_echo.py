"""Bytes over gRPC and nothing else, unary and as a stream, with memory allocated as ours is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc

from lossgrad.allocator import tune_unless_told
from lossgrad_service.benchmarks.references.echoed import UNLIMITED, answer_to


async def _unary(received: bytes, _: Any) -> bytes:
    return answer_to(received)


async def _stream(received: AsyncIterator[bytes], _: Any) -> AsyncIterator[bytes]:
    async for message in received:
        yield answer_to(message)


async def _serve(tell: Callable[[str], None]) -> None:
    methods = {
        "Unary": grpc.unary_unary_rpc_method_handler(_unary),
        "Stream": grpc.stream_stream_rpc_method_handler(_stream),
    }
    server = grpc.aio.server(options=UNLIMITED)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("Echo", methods)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    tell(f"127.0.0.1:{port}")
    await server.wait_for_termination()


def serve(tell: Callable[[str], None]) -> None:
    """Serve for ever."""
    tune_unless_told()
    asyncio.run(_serve(tell))
