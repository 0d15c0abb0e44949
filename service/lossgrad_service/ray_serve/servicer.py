"""What Ray's gRPC proxies are told of the service: its methods, by their names in the proto.

``lossgrad_service.ray_serve.servicer.add_to_server`` is the path that ``grpc_servicer_functions``
takes.
"""

from __future__ import annotations

from typing import Any, Final

import grpc

from lossgrad_service.grpc_api.handlers import SERVICE_NAME

UNARY: Final = ("Compute", "CheckGradients", "GetServerInfo")
STREAMS: Final = ("ComputeStream",)


def add_to_server(_servicer: Any, server: grpc.aio.Server) -> None:
    """Add the methods to a server of Ray's, which puts its own handlers in their places.

    Messages stay bytes: left to gRPC, one that does not parse would be INTERNAL.
    """
    unary = {name: grpc.unary_unary_rpc_method_handler(_never) for name in UNARY}
    streams = {name: grpc.stream_stream_rpc_method_handler(_never) for name in STREAMS}
    handler = grpc.method_handlers_generic_handler(SERVICE_NAME, {**unary, **streams})
    server.add_generic_rpc_handlers((handler,))


def _never(*_: object) -> bytes:
    raise AssertionError("Ray's proxy routes calls to replicas")
