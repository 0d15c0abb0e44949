"""A method of the service as an adapter states it, so that it can be run in parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Generic, TypeVar

from lossgrad_service.calls.service import Service
from lossgrad_service.calls.stopwatch import Stopwatch

Message = TypeVar("Message")
Request = TypeVar("Request")
Reply = TypeVar("Reply")


@dataclass(frozen=True, slots=True, kw_only=True)
class Method(Generic[Message, Request, Reply]):
    """Three steps from a message to its answer."""

    decode: Callable[[Message], Request]
    compute: Callable[[Service, Request], Reply]
    encode: Callable[[Reply], bytes]
    small_bytes: int
    """Size of the largest message that is decoded in about a millisecond."""
    is_quick: Callable[[Request], bool]
    """Whether the other two steps take no longer than that."""

    def __call__(self, service: Service, message: Message, watch: Stopwatch) -> bytes:
        """Return the answer to a message."""
        return self.answer(service, self.read(message, watch), watch)

    def read(self, message: Message, watch: Stopwatch) -> Request:
        """Return the request in a message."""
        start = perf_counter()
        request = self.decode(message)
        watch.add("decode", start)
        return request

    def answer(self, service: Service, request: Request, watch: Stopwatch) -> bytes:
        """Return the answer to a request."""
        start = perf_counter()
        reply = self.compute(service, request)
        start = watch.add("compute", start)
        answer = self.encode(reply)
        watch.add("encode", start)
        return answer
