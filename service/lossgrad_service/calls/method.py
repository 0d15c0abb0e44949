"""A method of the service as an adapter states it, so that it can be run in parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Generic, TypeVar

from lossgrad.types import Problem
from lossgrad_service.calls.call import Call
from lossgrad_service.calls.deadline import Deadline
from lossgrad_service.calls.service import Service

Message = TypeVar("Message")
Request = TypeVar("Request")
Reply = TypeVar("Reply")
Answer = TypeVar("Answer")


def never_quick(_request: object) -> bool:
    """Return that a request may take longer than a millisecond, however small it is."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Method(Generic[Message, Request, Reply, Answer]):
    """Three steps from a message to its answer."""

    decode: Callable[[Message], Request]
    compute: Callable[[Service, Request, Deadline], Reply]
    encode: Callable[[Reply], Answer]
    problem_of: Callable[[Request], Problem]
    """What a request asks for."""
    answer_bytes: Callable[[Service, Request], int]
    """How large the answer to a request is, roughly; known before it is computed."""
    is_small: Callable[[Message], bool]
    """Whether a message is decoded in about a millisecond."""
    is_quick: Callable[[Request], bool]
    """Whether a request is computed in that time."""
    small_answer: int
    """Bytes of the largest answer that is encoded in that time."""

    def read(self, message: Message, call: Call) -> Request:
        """Return the request in a message, which may have waited for its thread.

        Raises
        ------
        DeadlineExceeded, Cancelled
            Where it is not worth reading any more.
        """
        call.deadline.check()
        start = perf_counter()
        request = self.decode(message)
        call.watch.add("decode", start)
        return request

    def answer(self, service: Service, request: Request, call: Call) -> Answer:
        """Return the answer to a request.

        Raises
        ------
        DeadlineExceeded, Cancelled
            Where it is not worth computing, or encoding, any more.
        """
        start = perf_counter()
        reply = self.compute(service, request, call.deadline)
        start = call.watch.add("compute", start)
        call.computed(self.problem_of(request))
        call.deadline.check()
        answer = self.encode(reply)
        call.watch.add("encode", start)
        return answer
