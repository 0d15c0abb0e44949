"""What a client knows of its server's limits: a policy without input and output.

A call that is over a limit is refused before it is sent. Small calls never ask for the
limits, and large ones share one answer. A server may have come back with higher ones,
so that nothing is refused by an old answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from lossgrad.errors import Internal, LossGradError, PermissionDenied, TooLarge, Unimplemented
from lossgrad.types import check_limits, limits
from lossgrad.types.check import CheckRequest
from lossgrad.types.info import Limits
from lossgrad.types.problem import Problem

SMALL: Final = 2**20
"""Bytes of inputs and outputs together below which no limit is asked for."""

SAYS_NOTHING: Final[tuple[type[LossGradError], ...]] = (Unimplemented, PermissionDenied, Internal)
"""Errors of a server that does not tell its limits; it may compute all the same."""

Asked = Problem | CheckRequest
"""What a call sends that is held against limits."""


class KnownLimits:
    """The limits of one server, once they were asked for.

    Parameters
    ----------
    kind : {"grpc", "http", "local"}
        How arrays travel there; see `Target.kind`.
    """

    def __init__(self, kind: str) -> None:
        self._checks = _CHECKS[kind]
        self._is_told = False
        self.limits: Limits | None = None
        """None where the server has not told them, or not yet."""
        if kind == "local":  # nothing is sent, and the computation checks as it begins
            self.learn(None)

    def admit(self, asked: Asked) -> bool:
        """Return whether a call may be sent; if not, `learn` the limits and `check` it."""
        if not self._is_told:
            return _bytes_of(asked) < SMALL
        try:
            self.check(asked)
        except TooLarge:
            return False
        return True

    def learn(self, published: Limits | None) -> None:
        """Take in what the server has answered; None where it says nothing."""
        self.limits = published
        self._is_told = True

    def check(self, asked: Asked) -> None:
        """Hold a call against the limits, so far as there are any.

        Raises
        ------
        TooLarge
            Which limit is exceeded, by what, and what to do about it.
        """
        if self.limits is not None:
            self._checks[type(asked)](asked, self.limits)


def _bytes_of(asked: Asked) -> int:
    is_check = isinstance(asked, CheckRequest)
    return asked.request_bytes if is_check else limits.array_bytes(asked)


def _check_grpc(problem: Problem, published: Limits) -> None:
    if limits.is_streamed(problem, published):
        limits.check_stream(problem, published)


_CHECKS: Final[Mapping[str, Mapping[type[Asked], Callable[[Any, Limits], None]]]] = {
    "grpc": {Problem: _check_grpc, CheckRequest: check_limits.check_message},
    "http": {Problem: limits.check_text, CheckRequest: check_limits.check_text},
    "local": {Problem: limits.check_arrays, CheckRequest: check_limits.check_arrays},
}
