"""The client for event loops."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, Unpack

from lossgrad.compute_call import ComputeCall
from lossgrad.endpoints import COMPUTE, INFO, Endpoint, Reply, Request
from lossgrad.errors import LossGradError
from lossgrad.settings import ClientSettings
from lossgrad.transports import open_async_transport
from lossgrad.types.info import InfoRequest, ServerInfo
from lossgrad.types.problem import ProblemArguments
from lossgrad.types.result import Result


class AsyncClient(ClientSettings):
    """`Client` for coroutines: the same names, arguments, results and exceptions.

    Usable from several event loops in turn; over gRPC each has its own channel, and
    HTTP and ``local:`` calls run in at most 32 threads. A task that is cancelled gets
    its CancelledError at once.

    Parameters
    ----------
    target, timeout, tls_ca
        As `Client`.

    Examples
    --------
    >>> async with lossgrad.AsyncClient("localhost:50051") as client:
    ...     result = await client.compute(scores=scores, labels=labels)
    """

    def __init__(
        self, target: str, *, timeout: float = 60.0, tls_ca: str | os.PathLike[str] | None = None
    ) -> None:
        super().__init__(target, timeout=timeout, tls_ca=tls_ca)
        self._transport = open_async_transport(self.target, self.tls_ca)

    async def compute(
        self,
        *,
        out: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        **arguments: Unpack[ProblemArguments],
    ) -> Result:
        """Compute the loss of one batch and the gradients that are asked for.

        Parameters
        ----------
        out, timeout, **arguments
            As `Client.compute`.

        Raises
        ------
        LossGradError
            As `Client.compute`.
        """
        call = ComputeCall.of(arguments, out)
        return call.deliver(await self._send(COMPUTE, call.problem, timeout))

    async def info(self, *, timeout: float | None = None) -> ServerInfo:
        """Return the server's version, limits and capabilities; as `Client.info`."""
        return await self._send(INFO, InfoRequest(), timeout)

    async def close(self) -> None:
        """Close the running event loop's connections; further calls are `InvalidArgument`."""
        self._policies.close()
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _send(
        self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float | None
    ) -> Reply:
        flow = self._flow(timeout)
        step = next(flow)
        while True:
            try:
                return await self._transport.send(endpoint, request, step.timeout)
            except LossGradError as error:
                step = flow.send(error)
            await asyncio.sleep(step.pause)
