"""Errors as gRPC statuses, both ways.

A status has a code, a text, and the details that google.rpc defines: BadRequest
(violations), ErrorInfo (the limit exceeded), RetryInfo, RequestInfo. The details
travel as a serialised google.rpc.Status in the trailing metadata `DETAILS_KEY`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2  # pyright: ignore[reportMissingTypeStubs]

from lossgrad.codecs.retry_hints import read_seconds
from lossgrad.codecs.text import fit, fit_violations
from lossgrad.errors import (
    Busy,
    Internal,
    InvalidArgument,
    LossGradError,
    TooLarge,
    Unavailable,
    Violation,
    error_for_grpc,
    status_of,
)

DETAILS_KEY: Final = "grpc-status-details-bin"
"""Metadata key of the serialised google.rpc.Status, fixed by gRPC."""

_DOMAIN: Final = "lossgrad"


@dataclass(frozen=True, slots=True)
class GrpcStatus:
    """A status as gRPC's own functions take it."""

    code: int
    message: str
    details: bytes
    """The serialised google.rpc.Status, for `DETAILS_KEY`."""


def encode_status(error: LossGradError) -> GrpcStatus:
    """Return the status that `error` travels as; its texts are cut to fit."""
    code = status_of(error).grpc_code
    status = status_pb2.Status(code=code, message=fit(error.message))
    for detail in _details(error):
        status.details.add().Pack(detail)
    return GrpcStatus(code, status.message, status.SerializeToString())


def decode_status(code: int, message: str, details: bytes | None) -> LossGradError:
    """Return the error that a status stands for, from whatever server or proxy it comes."""
    status = _parse(details)
    retry = _find(status, error_details_pb2.RetryInfo())
    kind = error_for_grpc(code, has_retry_hint=retry is not None)
    if kind is InvalidArgument:
        return InvalidArgument(message, violations=_read_violations(status))
    if kind is TooLarge:
        return _read_too_large(message, status)
    if kind is Busy or kind is Unavailable:
        return kind(message, retry_after=_seconds(retry))
    if kind is Internal:
        request = _find(status, error_details_pb2.RequestInfo())
        return Internal(message, request_id=request.request_id if request else "")
    return kind(message)


def _details(error: LossGradError) -> Iterator[Message]:
    if isinstance(error, InvalidArgument) and error.violations:
        yield error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(field=v.field, description=v.detail)
                for v in fit_violations(error.violations)
            ]
        )
    elif isinstance(error, TooLarge):
        metadata = {"limit": error.limit}
        yield error_details_pb2.ErrorInfo(reason="TOO_LARGE", domain=_DOMAIN, metadata=metadata)
    elif isinstance(error, Busy) or error.retry_after:
        retry = error_details_pb2.RetryInfo()
        # Sent without a hint too: it is what tells Busy from gRPC's own RESOURCE_EXHAUSTED.
        retry.retry_delay.FromNanoseconds(round((error.retry_after or 0) * 1e9))
        yield retry
    elif isinstance(error, Internal) and error.request_id:
        yield error_details_pb2.RequestInfo(request_id=error.request_id)


def _parse(details: bytes | None) -> status_pb2.Status:
    try:
        return status_pb2.Status.FromString(details or b"")
    except DecodeError:
        return status_pb2.Status()


def _find(status: status_pb2.Status, wanted: Any) -> Any:
    """Return `wanted` filled from the first detail of its type, or None."""
    for detail in status.details:
        if detail.Is(wanted.DESCRIPTOR):
            try:
                detail.Unpack(wanted)
            except DecodeError:
                return None
            return wanted
    return None


def _read_violations(status: status_pb2.Status) -> list[Violation]:
    request = _find(status, error_details_pb2.BadRequest())
    return [Violation(v.field, v.description) for v in request.field_violations] if request else []


def _read_too_large(message: str, status: status_pb2.Status) -> TooLarge:
    info = _find(status, error_details_pb2.ErrorInfo())
    if info is not None:
        return TooLarge(message, limit=info.metadata.get("limit", ""))
    # gRPC refused the message by its size, before any of the service's code ran.
    advice = "send fewer rows at a time; info() tells the server's limits"
    return TooLarge(f"{message}; {advice}", limit="max_request_bytes")


def _seconds(retry: Any) -> float | None:
    if retry is None:
        return None
    return read_seconds(retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9)
