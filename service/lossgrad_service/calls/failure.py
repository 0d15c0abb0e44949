"""How a call failed, as it is counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from lossgrad.errors import (
    Cancelled,
    DeadlineExceeded,
    LossGradError,
    TooLarge,
    Unauthenticated,
    status_of,
)
from lossgrad_service.access.refused import Refused
from lossgrad_service.calls.guard import OUT_OF_MEMORY
from lossgrad_service.metrics import CODES
from lossgrad_service.metrics.catalogue import Cancellation, Refusal

_LACKING: Final[Mapping[type[LossGradError], Refusal]] = {
    Unauthenticated: "unauthenticated",
    TooLarge: "too_large",
}

_GIVEN_UP: Final[Mapping[type[LossGradError], Cancellation]] = {
    Cancelled: "caller",
    DeadlineExceeded: "deadline",
}


class Failure(NamedTuple):
    """What is kept of an error; itself it has a traceback, and so all that the call held."""

    code: str
    """The name of its gRPC status code."""
    refusal: Refusal | None = None
    """What the call lacked, if it was refused."""
    cancellation: Cancellation | None = None
    """By what it was given up, if it was."""

    @classmethod
    def of(cls, error: LossGradError) -> Failure:
        """Return what is kept of an error."""
        given_up = _GIVEN_UP.get(type(error))
        return cls(CODES[status_of(error).grpc_code], _lacking(error), given_up)


def _lacking(error: LossGradError) -> Refusal | None:
    if isinstance(error, Refused):
        return error.cause
    if isinstance(error, TooLarge) and error.limit == OUT_OF_MEMORY:
        return "memory"
    return _LACKING.get(type(error))


GONE: Final = Failure.of(Cancelled(""))
"""Of a call whose caller went away."""

LATE: Final = Failure.of(DeadlineExceeded(""))
"""Of a call whose time ran out."""

CUT: Final = GONE._replace(cancellation="shutdown")
"""Of a call that was under way when the server's grace was over."""
