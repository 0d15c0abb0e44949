"""What Ray's gRPC proxies are told of the service.

``lossgrad_service.ray_serve.servicer.add_to_server`` is the path that ``grpc_servicer_functions``
takes.
"""

from __future__ import annotations

from typing import Any

import grpc

from lossgrad_service.ray_serve.routed import Routed


def add_to_server(_servicer: Any, server: grpc.aio.Server) -> None:
    """Add the methods, by their names in the proto, to a server of Ray's."""
    server.add_generic_rpc_handlers((Routed(),))
