"""``grpc.health.v1.Health``, whose open streams end with the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc_health.v1 import health_pb2 as pb
from grpc_health.v1 import health_pb2_grpc

_Status = pb.HealthCheckResponse.ServingStatus


class Health(health_pb2_grpc.HealthServicer):
    """One state of several services, NOT_SERVING at first.

    The library's own servicer never ends a Watch, so that one open stream would hold
    the server for the whole grace.
    """

    def __init__(self, services: tuple[str, ...]) -> None:
        self._services = services
        self._status: _Status = pb.HealthCheckResponse.NOT_SERVING
        self._is_over = False
        self._changed = asyncio.Condition()

    async def set_serving(self, is_serving: bool) -> None:
        """Tell SERVING or NOT_SERVING from now on."""
        serving, not_serving = pb.HealthCheckResponse.SERVING, pb.HealthCheckResponse.NOT_SERVING
        async with self._changed:
            self._status = serving if is_serving else not_serving
            self._changed.notify_all()

    async def end(self) -> None:
        """End every Watch once it has told the state."""
        async with self._changed:
            self._is_over = True
            self._changed.notify_all()

    async def Check(self, request: pb.HealthCheckRequest, context: Any) -> pb.HealthCheckResponse:  # noqa: N802
        """Answer the state of a service, or NOT_FOUND for an unknown one."""
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"no service {request.service!r}")
        return pb.HealthCheckResponse(status=self._status)

    async def Watch(  # noqa: N802
        self, request: pb.HealthCheckRequest, context: Any
    ) -> AsyncIterator[pb.HealthCheckResponse]:
        """Answer the state of a service now and whenever it changes."""
        del context
        told: _Status | None = None
        while (status := await self._news(request.service, told)) is not None:
            yield pb.HealthCheckResponse(status=status)
            told = status

    async def _news(self, service: str, told: _Status | None) -> _Status | None:
        """Return the state once it is not the one that was told, None if it will never be."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._is_over or self._status_of(service) != told)
        status = self._status_of(service)
        return status if status != told else None

    def _status_of(self, service: str) -> _Status:
        unknown = pb.HealthCheckResponse.SERVICE_UNKNOWN
        return self._status if service in self._services else unknown
