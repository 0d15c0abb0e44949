"""The methods of the service on checked values: what gRPC, HTTP and ``local:`` all call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lossgrad.types import (
    Check,
    CheckRequest,
    InfoRequest,
    Limits,
    Problem,
    Result,
    ServerInfo,
    limits,
)
from lossgrad_service import checking, core
from lossgrad_service.calls.deadline import Deadline
from lossgrad_service.calls.streamed_call import StreamedCall


@dataclass(frozen=True, slots=True)
class Service:
    """The core within published limits."""

    limits: Limits
    describe: Callable[[], ServerInfo]

    def compute(self, problem: Problem, deadline: Deadline) -> Result:
        """Return the result of a problem whose answer is within the limits.

        Raises
        ------
        TooLarge
            Before anything is computed, where the answer would exceed
            ``max_response_bytes``.
        InvalidArgument
            For what only a pass over the arrays finds, such as NaN scores.
        Cancelled, DeadlineExceeded
            Where `deadline` is over before the result is there.
        """
        limits.check_answer(problem, self.limits)
        return core.compute(problem, checkpoint=deadline.check)

    def answer_bytes(self, problem: Problem) -> int:
        """Return the bytes of the answer's arrays, before anything is computed.

        Raises
        ------
        TooLarge
            Where they exceed ``max_response_bytes``.
        """
        limits.check_answer(problem, self.limits)
        return problem.response_bytes

    def check(self, request: CheckRequest, deadline: Deadline) -> Check:
        """Return what there is to say of a caller's own numbers.

        Raises
        ------
        TooLarge
            Before anything is computed, where the problem is too large for a check.
        InvalidArgument, Cancelled, DeadlineExceeded
            As `compute` does.
        """
        return checking.check(request, deadline.check)

    def check_bytes(self, request: CheckRequest) -> int:
        """Return what a check is charged beside its request, before anything is computed.

        That is for what it computes with: its answer is next to nothing.

        Raises
        ------
        TooLarge
            As `check` does.
        """
        return checking.charged_bytes(request)

    def open_stream(self, declared: Problem, deadline: Deadline) -> StreamedCall:
        """Return the call whose arrays will arrive in pieces, if it is within the limits.

        What it computes ends when `deadline` is over.

        Raises
        ------
        TooLarge
            Before anything has arrived.
        """
        limits.check_stream(declared, self.limits)
        return StreamedCall(declared, deadline)

    def info(self, _request: InfoRequest) -> ServerInfo:
        """Return the server's version, limits and capabilities."""
        return self.describe()
