"""The composition within one of Ray's replicas: settings in, handlers and an ASGI app out."""

from __future__ import annotations

from contextlib import AsyncExitStack

from starlette.types import ASGIApp, Receive, Scope, Send

from lossgrad_service.access.doors import door_of
from lossgrad_service.calls import Dispatcher
from lossgrad_service.http_api.answers import Answers
from lossgrad_service.http_api.app import create_app
from lossgrad_service.http_api.connections.protocol import HANG_UP
from lossgrad_service.ray_serve.exposure import require_meant
from lossgrad_service.ray_serve.grpc_calls import GrpcCalls
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.server import Server
from lossgrad_service.shared_memory import Memories
from lossgrad_service.watching import Watching, gauges_of


class Replica(Server):
    """A server that has no ports: Ray's proxies pass calls on to it.

    All that holds of calls holds here, from the gate to the metrics. What guards connections,
    such as slow heads of HTTP, is Ray's.

    Parameters
    ----------
    settings
        Those that say where to listen mean nothing.

    Raises
    ------
    WrongSettings
        Where they do not allow what Ray opens.
    """

    app: ASGIApp
    grpc_calls: GrpcCalls

    def __init__(self, settings: Settings) -> None:
        require_meant(settings)
        super().__init__(settings)

    async def _open(self, resources: AsyncExitStack, dispatcher: Dispatcher) -> None:
        gate = self._gate(door_of(self.settings))
        # Nobody can hand over memory: that takes a Unix socket.
        memories = Memories(0)
        watching = Watching(self._place, gauges_of(dispatcher, gate, memories, lambda: 0))
        self.app = _Proxied(Answers(create_app(dispatcher, gate, watching.text)))
        self.grpc_calls = GrpcCalls(dispatcher, gate, memories)
        await resources.enter_async_context(watching.sampling())

    async def _tell_probes(self) -> None:
        """Tell nobody: those over gRPC are Ray's."""


class _Proxied:
    """ASGI middleware: the connection is the proxy's, and nothing here ends it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})[HANG_UP] = _nothing
            await self._app(scope, receive, send)


def _nothing() -> None:
    """Leave a connection as it is."""
