"""The gRPC server: options, ports, health, reflection, and its life."""

from __future__ import annotations

from typing import Final

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2_grpc

from lossgrad_service.access.tls import TlsFiles
from lossgrad_service.admission import Gate
from lossgrad_service.calls import Dispatcher
from lossgrad_service.grpc_api.entrance import UnknownMethods
from lossgrad_service.grpc_api.handlers import SERVICE_NAME, service_handler
from lossgrad_service.grpc_api.health import Health
from lossgrad_service.grpc_api.reflection import Reflection

_METADATA_BYTES: Final = 8 * 1024

_DEFENCES: Final = (
    # Over these a connection or a call is refused before Python hears of it.
    ("grpc.max_allowed_incoming_connections", 4096),
    ("grpc.max_concurrent_streams", 1000),
    # Both, or what is between them is refused by chance. grpcio keeps the metadata of every
    # call, answered or not, until the cyclic collector comes by.
    ("grpc.max_metadata_size", _METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", _METADATA_BYTES),
    # Callers may ping as they like. grpcio's own strikes make each further PING of a caller
    # that does not read cost 60 microseconds; an answer costs a tenth of one.
    ("grpc.http2.max_ping_strikes", 0),
    # Callers that are gone without a word, do not greet, or stay for ever.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_age_ms", 600_000),
    ("grpc.max_connection_age_grace_ms", 60_000),
)


class GrpcServer:
    """Serves a dispatcher over gRPC, behind a gate; made and used on one event loop.

    Its ports are its own, or with `shares_ports` those of other processes as well.
    """

    def __init__(self, dispatcher: Dispatcher, gate: Gate, *, shares_ports: bool) -> None:
        limit = dispatcher.service.limits.max_request_bytes
        self._server = aio.server(options=_options(limit, shares_ports))
        self._health = Health(("", SERVICE_NAME))
        self._reflection = Reflection((SERVICE_NAME, health.SERVICE_NAME), gate)
        self._server.add_generic_rpc_handlers((service_handler(dispatcher, gate),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(self._reflection, self._server)
        # The last one is asked where no other knows a method.
        self._server.add_generic_rpc_handlers((UnknownMethods(gate),))

    def listen(self, address: str, tls: TlsFiles | None = None) -> int:
        """Listen on ``host:port`` or ``unix:path`` and return the port (1 for a path).

        Parameters
        ----------
        address
            Where to.
        tls
            What TLS is spoken by there; plain gRPC where there is none.

        Raises
        ------
        OSError
            Where the address is taken or cannot be had.
        """
        try:
            if tls is None:
                return self._server.add_insecure_port(address)
            return self._server.add_secure_port(address, _credentials(tls))
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


def _credentials(tls: TlsFiles) -> grpc.ServerCredentials:
    pair = (tls.key.read_bytes(), tls.certificate.read_bytes())
    if tls.client_ca is None:
        return grpc.ssl_server_credentials([pair])
    return grpc.ssl_server_credentials([pair], tls.client_ca.read_bytes(), require_client_auth=True)


def _options(max_request_bytes: int, shares_ports: bool) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", max_request_bytes),
        # The limit on answers is checked before they are computed.
        ("grpc.max_send_message_length", -1),
        # With 0 a port that another process has is an error, not shared in silence.
        ("grpc.so_reuseport", int(shares_ports)),
        *_DEFENCES,
    ]
