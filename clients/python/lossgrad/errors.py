"""The one vocabulary of errors, the same in the server and in every client.

::

    LossGradError
    ├── InvalidArgument      also ValueError       the inputs are wrong
    ├── TooLarge             also ValueError       a published limit is exceeded
    ├── Unauthenticated                            no key, or an unknown one
    ├── PermissionDenied                           the key may not do this
    ├── Busy                                       not admitted now; retry later
    ├── DeadlineExceeded     also TimeoutError     the time allowed ran out
    ├── Cancelled                                  the caller's own wish
    ├── Unimplemented                              no such method, path, media type
    ├── Unavailable          also ConnectionError  the server is down or draining
    └── Internal                                   a bug in the server

`VOCABULARY` maps each class to its gRPC code and its HTTP status; it is read in
both directions, by the servers and by the clients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

MAX_VIOLATIONS = 20
"""Most violations that one `InvalidArgument` carries."""

MAX_DETAIL_CHARACTERS = 1024
"""Longest error text that leaves a server; gRPC drops a status with far more."""


class LossGradError(Exception):
    """Base of every error that lossgrad raises on purpose.

    Every class takes its message as the only positional argument, so that errors
    survive pickling between processes.
    """

    retry_after: float | None = None
    """Seconds to wait before the next try, where the server said so."""

    @property
    def message(self) -> str:
        """What was wrong, where, what was expected and what to do."""
        return str(self.args[0]) if self.args else ""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with one input."""

    field: str
    """Name of the input or option as the contract spells it, such as ``labels``."""
    detail: str
    """What is wrong with it, what was expected, and where (row, column)."""

    def __str__(self) -> str:
        return f"{self.field}: {self.detail}" if self.field else self.detail


class InvalidArgument(LossGradError, ValueError):
    """The inputs are wrong; the same call will never succeed."""

    def __init__(self, message: str, *, violations: Sequence[Violation] = ()) -> None:
        super().__init__(message)
        self.violations: tuple[Violation, ...] = tuple(violations[:MAX_VIOLATIONS])

    @classmethod
    def of(cls, violations: Sequence[Violation]) -> Self:
        """Return an error whose message lists `violations`."""
        return cls("; ".join(map(str, violations[:MAX_VIOLATIONS])), violations=violations)

    @classmethod
    def at(cls, field: str, detail: str) -> Self:
        """Return an error with one violation."""
        return cls.of([Violation(field, detail)])


class TooLarge(LossGradError, ValueError):
    """A published limit is exceeded; never retried."""

    def __init__(self, message: str, *, limit: str = "") -> None:
        super().__init__(message)
        self.limit = limit
        """Name of the limit, such as ``max_request_bytes``."""


class Unauthenticated(LossGradError):
    """No key was sent, or one that the server does not know."""


class PermissionDenied(LossGradError):
    """The key is known but may not do this."""


class Busy(LossGradError):
    """The server did not admit the call; it is safe to retry after `retry_after`."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeadlineExceeded(LossGradError, TimeoutError):
    """The time allowed for the call ran out."""


class Cancelled(LossGradError):
    """The call was cancelled by its caller."""


class Unimplemented(LossGradError):
    """The server has no such method, path or media type."""


class Unavailable(LossGradError, ConnectionError):
    """The server cannot be reached, is draining, or takes no further connection."""

    def __init__(
        self, message: str, *, retry_after: float | None = None, is_permanent: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.is_permanent = is_permanent
        """Whether trying again is of no use, as with a certificate that is not trusted."""


class Internal(LossGradError):
    """A bug in the server; report it with the request id."""

    def __init__(self, message: str, *, request_id: str = "") -> None:
        super().__init__(message)
        self.request_id = request_id
        """Id under which the server logged the cause."""


@dataclass(frozen=True, slots=True)
class Status:
    """How one class of error travels."""

    error: type[LossGradError]
    grpc_code: int
    """Number of the gRPC status code (the same as google.rpc.Code)."""
    http_status: int
    """HTTP status that the server answers."""
    also_http: tuple[int, ...] = ()
    """Further HTTP statuses that a client reads as this class."""


_RESOURCE_EXHAUSTED = 8

VOCABULARY: tuple[Status, ...] = (
    Status(InvalidArgument, 3, 400, (422,)),
    Status(TooLarge, 11, 413, (414, 431)),
    Status(Unauthenticated, 16, 401),
    Status(PermissionDenied, 7, 403),
    Status(Busy, _RESOURCE_EXHAUSTED, 429),
    Status(DeadlineExceeded, 4, 504, (408,)),
    Status(Cancelled, 1, 499),
    Status(Unimplemented, 12, 404, (405, 415, 501)),
    Status(Unavailable, 14, 503, (502,)),
    Status(Internal, 13, 500),
)
"""One row for each class; 499 is never sent, since nobody is left to read it."""


def status_of(error: LossGradError) -> Status:
    """Return the row of the vocabulary for `error`."""
    return next(status for status in VOCABULARY if isinstance(error, status.error))


def error_for_grpc(code: int, *, has_retry_hint: bool = False) -> type[LossGradError]:
    """Return the class that a gRPC status code stands for.

    RESOURCE_EXHAUSTED without a retry hint is gRPC's own word for a message over
    its size limit, which is `TooLarge`. Codes that lossgrad never sends are
    `Internal`.
    """
    if code == _RESOURCE_EXHAUSTED and not has_retry_hint:
        return TooLarge
    return next((s.error for s in VOCABULARY if s.grpc_code == code), Internal)


def error_for_http(status: int) -> type[LossGradError]:
    """Return the class that an HTTP status stands for; unknown ones are `Internal`."""
    return next(
        (s.error for s in VOCABULARY if status == s.http_status or status in s.also_http), Internal
    )
