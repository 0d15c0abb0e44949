"""What every handler does with gRPC's context: request ids, errors, where the time went."""

from __future__ import annotations

import grpc
from grpc import aio

from lossgrad.codecs.server_timing import KEY, encode_timing
from lossgrad.codecs.status import DETAILS_KEY, encode_status
from lossgrad.errors import LossGradError
from lossgrad_service.calls import Call, Deadline, accept_request_id
from lossgrad_service.calls.request_id import HEADER

Context = aio.ServicerContext[bytes, bytes]

_CODES = {code.value[0]: code for code in grpc.StatusCode}


def call_of(context: Context) -> Call:
    """Return what gRPC knows of a call."""
    seconds = context.time_remaining()
    return Call(_request_id_of(context), Deadline() if seconds is None else Deadline(seconds))


def _request_id_of(context: Context) -> str:
    """Return the caller's request id, or a new one."""
    for key, value in context.invocation_metadata() or ():
        if key == HEADER and isinstance(value, str):
            return accept_request_id(value)
    return accept_request_id(None)


def tell_timing(context: Context, call: Call) -> None:
    """Send, after the answer, the request id and where the time went."""
    timing = encode_timing(call.watch.timing)
    context.set_trailing_metadata(((HEADER, call.request_id), (KEY, timing)))


def tell_error(context: Context, error: LossGradError, call: Call) -> None:
    """Have a call end with the status of an error, once its handler returns.

    gRPC's own `abort` raises an error that it keeps: its context is ours, whose traceback
    holds the request and the answer until the cyclic collector comes by, which may be never.
    """
    status = encode_status(error)
    context.set_trailing_metadata(((HEADER, call.request_id), (DETAILS_KEY, status.details)))
    context.set_code(_CODES[status.code])
    context.set_details(status.message)
