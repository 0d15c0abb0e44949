"""What every handler does with gRPC's context: what came with a call, and how a call ends."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias, cast

import grpc
from grpc import aio

from lossgrad.codecs.server_timing import KEY, encode_timing
from lossgrad.codecs.status import DETAILS_KEY, encode_status
from lossgrad.errors import Cancelled, InvalidArgument, LossGradError
from lossgrad_service.calls import Call, Deadline, Head, Observer, accept_request_id, error_of_ours
from lossgrad_service.calls.request_id import HEADER
from lossgrad_service.calls.traceparent import HEADER as TRACEPARENT
from lossgrad_service.calls.traceparent import trace_in
from lossgrad_service.metrics.catalogue import MethodName

Context = aio.ServicerContext[bytes, bytes]

Metadata: TypeAlias = Sequence[tuple[str, Any]]

END: Any = aio.EOF  # pyright: ignore[reportAttributeAccessIssue]
"""What is read where the caller has ended its side."""

CANCELLED_WITHIN: Final = 0.01
"""Seconds by which gRPC cancels a call whose caller is gone, after that was told as an end."""

GONE: Any = aio.InternalError  # pyright: ignore[reportAttributeAccessIssue]
"""What is raised where a caller is gone that is sent something."""

PUSHBACK: Final = "grpc-retry-pushback-ms"
"""Metadata by which gRPC's own retries are told when to come again."""

CODES = {code.value[0]: code for code in grpc.StatusCode}


def metadata_of(context: Context) -> Metadata:
    """Return what came with a call, before its messages."""
    return cast(Metadata, context.invocation_metadata() or ())


def call_of(
    context: Context,
    metadata: Metadata,
    most_seconds: float = math.inf,
    method: MethodName = "unknown",
) -> Call:
    """Return what gRPC knows of a call, which may take some seconds at most."""
    seconds = context.time_remaining()
    allowed = most_seconds if seconds is None else min(seconds, most_seconds)
    request_id = accept_request_id(_text_in(metadata, HEADER))
    head = Head(method, "grpc", trace_in(_text_in(metadata, TRACEPARENT)))
    return Call(request_id, Deadline(allowed), head)


def _text_in(metadata: Metadata, name: str) -> str | None:
    """Return what the caller sent under a name, the first where there are several."""
    for key, value in metadata:
        if key == name and isinstance(value, str):
            return value
    return None


def no_message() -> InvalidArgument:
    """Return the error of a call whose side its caller ended before anything came."""
    return InvalidArgument.at("", "no message came; send one before the call's end")


def observed(context: Context, call: Call, observer: Observer) -> Call:
    """Have a call counted and logged, until gRPC is done with it; return it."""
    observer.begin(call)
    context.add_done_callback(lambda _: observer.end(call))  # pyright: ignore[reportArgumentType]
    return call


def tell_timing(context: Context, call: Call) -> None:
    """Send, after the answer, the request id and where the time went."""
    timing = encode_timing(call.phases)
    context.set_trailing_metadata(((HEADER, call.request_id), (KEY, timing)))


def tell_error(context: Context, error: LossGradError, call: Call) -> None:
    """Have a call end with the status of an error, once its handler returns.

    gRPC's own `abort` raises an error that it keeps: its context is ours, whose traceback
    holds the request and the answer until the cyclic collector comes by, which may be never.
    """
    call.failed(error)
    status = encode_status(error)
    details = ((HEADER, call.request_id), (DETAILS_KEY, status.details))
    context.set_trailing_metadata(details + _pushback(error))
    context.set_code(CODES[status.code])
    context.set_details(status.message)


def tell_failure(context: Context, error: Exception, call: Call) -> None:
    """Have a call end with the status of whatever went wrong; a bug keeps its text inside."""
    if isinstance(error, GONE):  # the caller, while it was answered
        error = Cancelled("the connection broke; call again")
    if not isinstance(error, LossGradError):
        error = error_of_ours(error, call.request_id)
    tell_error(context, error, call)


@contextmanager
def errors_told(context: Context, call: Call) -> Iterator[None]:
    """Have a call that fails within the block end with the status of its error."""
    try:
        yield
    except Exception as error:
        tell_failure(context, error, call)


def _pushback(error: LossGradError) -> tuple[tuple[str, str], ...]:
    """Return when to come again, for callers that leave retries to gRPC."""
    if error.retry_after is None:
        return ()
    return ((PUSHBACK, str(math.ceil(error.retry_after * 1000))),)
