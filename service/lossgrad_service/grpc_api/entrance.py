"""The gate, as calls over gRPC come through it."""

from __future__ import annotations

from typing import Any, Final

import grpc

from lossgrad.codecs.request_size import KEY, decode_size
from lossgrad.errors import Unimplemented
from lossgrad_service.access.tokens import token_in
from lossgrad_service.admission import Gate, Visit
from lossgrad_service.calls import Observer
from lossgrad_service.grpc_api.contexts import (
    Context,
    Metadata,
    call_of,
    metadata_of,
    observed,
    tell_failure,
)

_AUTHORIZATION: Final = "authorization"


def enter(gate: Gate, context: Context, metadata: Metadata) -> Visit:
    """Let a call in, until its answer is on its way or it has failed, however that comes.

    Raises
    ------
    Unauthenticated, Busy
        As `Gate.enter`.
    """
    shown = [value for key, value in metadata if key == _AUTHORIZATION]
    visit = gate.enter(token_in(shown), context.peer())
    # Not at the end of the handler: gRPC holds the answer until the caller has taken it.
    context.add_done_callback(lambda _: visit.leave())  # pyright: ignore[reportArgumentType]
    return visit


def declared_in(metadata: Metadata) -> int | None:
    """Return the bytes that a caller says its message has; None where it says nothing."""
    for key, value in metadata:
        if key == KEY:
            return decode_size(value)
    return None


class UnknownMethods(grpc.GenericRpcHandler):
    """Handles the methods that nobody else does: they come through the gate as well.

    Who may not enter learns nothing of what there is.
    """

    def __init__(self, gate: Gate, observer: Observer) -> None:
        self._gate = gate
        self._observer = observer

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any]:
        """Return the handler of a method."""
        name = handler_call_details.method

        async def refuse(_: object, context: Context) -> bytes:
            metadata = metadata_of(context)
            call = observed(context, call_of(context, metadata), self._observer)
            try:
                call.visit = enter(self._gate, context, metadata)
                raise Unimplemented(f"there is no method {ascii(name)[:200]}; ask reflection")
            except Exception as error:
                tell_failure(context, error, call)
            return b""

        return grpc.stream_unary_rpc_method_handler(refuse)
