"""Thousands of calls on raw bytes over one connection, some of them at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import grpc

from tests.running import channel_to
from tests.security.endpoints import COMPUTE, COMPUTE_STREAM

AT_A_TIME = 8

Sent = TypeVar("Sent")


class Reply(NamedTuple):
    code: str
    messages: Sequence[bytes]


def compute(target: str, messages: Iterable[bytes]) -> list[Reply]:
    """Return the replies to ComputeRequests, in their order."""
    with channel_to(target) as channel:
        call = channel.unary_unary(COMPUTE)
        return _all(lambda message: [call(message)], messages)


def compute_streams(target: str, streams: Iterable[Sequence[bytes]]) -> list[Reply]:
    """Return the replies to streams of ComputeStreamRequests, in their order.

    Not by `grpc.aio`: its client says INTERNAL by itself, now and then, where a server
    ends a stream while the next message is sent.
    """
    with channel_to(target) as channel:
        call: Any = channel.stream_stream(COMPUTE_STREAM)
        return _all(lambda messages: list(call(iter(messages))), streams)


def _all(call: Callable[[Sent], Sequence[bytes]], every: Iterable[Sent]) -> list[Reply]:
    def reply_to(sent: Sent) -> Reply:
        try:
            return Reply("OK", call(sent))
        except grpc.RpcError as error:
            return Reply(error.code().name, ())

    with ThreadPoolExecutor(AT_A_TIME) as threads:
        return list(threads.map(reply_to, every))
