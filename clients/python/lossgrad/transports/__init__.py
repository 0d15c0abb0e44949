"""Ways to reach a service, one module each, loaded when a target asks for it."""

from __future__ import annotations

from lossgrad.transports.base import AsyncTransport, Transport
from lossgrad.transports.target import parse_target
from lossgrad.transports.threaded import ThreadedTransport
from lossgrad.transports.tls import read_authority

__all__ = ["AsyncTransport", "Transport", "open_async_transport", "open_transport"]


def open_transport(target: str, tls_ca: str | None) -> Transport:
    """Return the blocking transport for a target; nothing is connected yet."""
    parsed = parse_target(target)
    authority = read_authority(parsed, tls_ca)
    if parsed.kind == "grpc":
        from lossgrad.transports.grpc import GrpcTransport

        return GrpcTransport(parsed, authority)
    if parsed.kind == "http":
        from lossgrad.transports.http import HttpTransport

        return HttpTransport(parsed, authority)
    from lossgrad.transports.local import LocalTransport

    return LocalTransport()


def open_async_transport(target: str, tls_ca: str | None) -> AsyncTransport:
    """Return the transport for event loops; nothing is connected yet."""
    parsed = parse_target(target)
    if parsed.kind != "grpc":
        return ThreadedTransport(open_transport(target, tls_ca))
    from lossgrad.transports.grpc_aio import GrpcAioTransport

    return GrpcAioTransport(parsed, read_authority(parsed, tls_ca))
