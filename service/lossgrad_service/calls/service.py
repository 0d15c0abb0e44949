"""The methods of the service on checked values: what gRPC, HTTP and ``local:`` all call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lossgrad.errors import TooLarge
from lossgrad.types import InfoRequest, Limits, Problem, Result, ServerInfo
from lossgrad_service import core


@dataclass(frozen=True, slots=True)
class Service:
    """The core within published limits."""

    limits: Limits
    describe: Callable[[], ServerInfo]

    def compute(self, problem: Problem) -> Result:
        """Return the result of a problem whose answer is within the limits.

        Raises
        ------
        TooLarge
            Before anything is computed, where the answer would exceed
            ``max_response_bytes``.
        InvalidArgument
            For what only a pass over the arrays finds, such as NaN scores.
        """
        self._refuse_large_answer(problem.response_bytes)
        return core.compute(problem)

    def info(self, _request: InfoRequest) -> ServerInfo:
        """Return the server's version, limits and capabilities."""
        return self.describe()

    def _refuse_large_answer(self, size: int) -> None:
        limit = self.limits.max_response_bytes
        if size > limit:
            raise TooLarge(
                f"the answer's arrays would take {size} bytes, max_response_bytes is {limit}; "
                "want less, or send fewer rows at a time with the whole batch's denominator",
                limit="max_response_bytes",
            )
