"""Ways to reach a service, one module each, loaded when a target asks for it."""

from __future__ import annotations

from lossgrad.transports.base import AsyncTransport, Transport
from lossgrad.transports.credentials import NO_CREDENTIALS, Credentials
from lossgrad.transports.target import parse_target
from lossgrad.transports.threaded import ThreadedTransport

__all__ = ["AsyncTransport", "Transport", "open_async_transport", "open_transport"]


def open_transport(target: str, credentials: Credentials = NO_CREDENTIALS) -> Transport:
    """Return the blocking transport for a target; nothing is connected yet."""
    parsed = parse_target(target)
    if parsed.kind == "grpc":
        from lossgrad.transports.grpc import GrpcTransport

        return GrpcTransport(parsed, credentials)
    if parsed.kind == "http":
        from lossgrad.transports.http import HttpTransport

        return HttpTransport(parsed, credentials)
    from lossgrad.transports.local import LocalTransport

    return LocalTransport()


def open_async_transport(target: str, credentials: Credentials = NO_CREDENTIALS) -> AsyncTransport:
    """Return the transport for event loops; nothing is connected yet."""
    parsed = parse_target(target)
    if parsed.kind != "grpc":
        return ThreadedTransport(open_transport(target, credentials))
    from lossgrad.transports.grpc_aio import GrpcAioTransport

    return GrpcAioTransport(parsed, credentials)
