"""The gRPC server: ports, health, reflection, and its life."""

from __future__ import annotations

import grpc
from grpc import aio
from grpc_health.v1 import health

from lossgrad_service.access.tls import TlsFiles
from lossgrad_service.admission import Gate
from lossgrad_service.calls import Dispatcher
from lossgrad_service.grpc_api.entrance import UnknownMethods
from lossgrad_service.grpc_api.handlers import SERVICE_NAME, service_handler
from lossgrad_service.grpc_api.health import Health
from lossgrad_service.grpc_api.options import options_of
from lossgrad_service.grpc_api.reflection import Reflection
from lossgrad_service.shared_memory import Memories


class GrpcServer:
    """Serves a dispatcher over gRPC, behind a gate; made and used on one event loop.

    Its ports are its own, or with `shares_ports` those of other processes as well.
    """

    def __init__(
        self, dispatcher: Dispatcher, gate: Gate, memories: Memories, *, shares_ports: bool
    ) -> None:
        limit, budget = dispatcher.service.limits.max_request_bytes, gate.room.budget
        self._server = aio.server(options=options_of(limit, budget.total, shares_ports))
        self._health = Health(("", SERVICE_NAME), gate, dispatcher)
        self._reflection = Reflection((SERVICE_NAME, health.SERVICE_NAME), gate, dispatcher)
        self._server.add_generic_rpc_handlers(
            (
                service_handler(dispatcher, gate, memories),
                self._health.handler(),
                self._reflection.handler(),
                # The last one is asked where no other knows a method.
                UnknownMethods(gate, dispatcher.observer),
            )
        )

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
