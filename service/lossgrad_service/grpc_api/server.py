"""The gRPC server: options, ports, health, reflection, and its life."""

from __future__ import annotations

from grpc import aio
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2_grpc

from lossgrad_service.calls import Dispatcher
from lossgrad_service.grpc_api.handlers import SERVICE_NAME, service_handler
from lossgrad_service.grpc_api.health import Health
from lossgrad_service.grpc_api.reflection import Reflection


class GrpcServer:
    """Serves a dispatcher over gRPC; made and used on one event loop.

    Its ports are its own, or with `shares_ports` those of other processes as well.
    """

    def __init__(self, dispatcher: Dispatcher, *, shares_ports: bool) -> None:
        limit = dispatcher.service.limits.max_request_bytes
        self._server = aio.server(options=_options(limit, shares_ports))
        self._health = Health(("", SERVICE_NAME))
        self._reflection = Reflection((SERVICE_NAME, health.SERVICE_NAME))
        self._server.add_generic_rpc_handlers((service_handler(dispatcher),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(self._reflection, self._server)

    def listen(self, address: str) -> int:
        """Listen on ``host:port`` or ``unix:path`` and return the port (1 for a path).

        Raises
        ------
        OSError
            Where the address is taken or cannot be had.
        """
        try:
            return self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError(
                f"gRPC cannot listen on {address}: it is taken, or not an address of this machine"
            ) from error

    async def start(self) -> None:
        """Take calls; health says NOT_SERVING until `set_serving`."""
        await self._server.start()

    async def set_serving(self) -> None:
        """Say SERVING."""
        await self._health.set_serving(True)

    async def drain(self) -> None:
        """Say NOT_SERVING from now on; calls are still taken."""
        await self._health.set_serving(False)

    async def stop(self, grace: float) -> None:
        """Take no new calls, and cancel those still under way after `grace` seconds."""
        await self._health.end()
        self._reflection.end()
        await self._server.stop(grace)


def _options(max_request_bytes: int, shares_ports: bool) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", max_request_bytes),
        # The limit on answers is checked before they are computed.
        ("grpc.max_send_message_length", -1),
        # With 0 a port that another process has is an error, not shared in silence.
        ("grpc.so_reuseport", int(shares_ports)),
    ]
