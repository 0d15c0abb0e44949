"""The application that ``deploy/ray/serve.yaml`` names; the one module that imports Ray."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from ray import serve
from ray.serve import Application
from ray.serve.grpc_util import RayServegRPCContext, gRPCInputStream
from starlette.types import ASGIApp

from lossgrad_service.ray_serve.replica import Replica
from lossgrad_service.runtime.settings import Settings


class Reply:
    """The bytes of an answer, as Ray asks for those of a message."""

    def __init__(self, message: bytes) -> None:
        self._message = message

    def SerializeToString(self) -> bytes:  # noqa: N802 (protobuf's name)
        """Return them."""
        return self._message


@serve.deployment
@serve.ingress()
class LossGrad:
    """HTTP by the FastAPI application, gRPC by methods that are named as in the proto.

    Settings are the variables ``LOSSGRAD_*`` of the replica.
    """

    async def __init__(self) -> None:
        self._replica = await Replica(Settings()).__aenter__()

    def __serve_build_asgi_app__(self) -> ASGIApp:
        """Return what answers calls over HTTP."""
        return self._replica.app

    async def Compute(self, message: bytes, grpc_context: RayServegRPCContext) -> Reply:  # noqa: N802
        """Answer a ComputeRequest."""
        return await self._answer("Compute", message, grpc_context)

    async def CheckGradients(self, message: bytes, grpc_context: RayServegRPCContext) -> Reply:  # noqa: N802
        """Answer a CheckGradientsRequest."""
        return await self._answer("CheckGradients", message, grpc_context)

    async def GetServerInfo(self, message: bytes, grpc_context: RayServegRPCContext) -> Reply:  # noqa: N802
        """Answer a GetServerInfoRequest."""
        return await self._answer("GetServerInfo", message, grpc_context)

    async def ComputeStream(  # noqa: N802
        self, messages: gRPCInputStream, grpc_context: RayServegRPCContext
    ) -> AsyncGenerator[Reply]:
        """Answer a stream of ComputeStreamRequests."""
        calls = self._replica.grpc_calls
        async for reply in calls.stream("ComputeStream", messages, grpc_context):
            yield Reply(reply)

    async def _answer(self, name: str, message: bytes, context: RayServegRPCContext) -> Reply:
        return Reply(await self._replica.grpc_calls.answer(name, message, context))


def application(_arguments: dict[str, Any]) -> Application:
    """Return the application; it takes no arguments of Ray's."""
    return LossGrad.bind()
