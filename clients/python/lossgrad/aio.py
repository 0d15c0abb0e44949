"""The client for event loops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from lossgrad.compute_call import ComputeCall
from lossgrad.deadline import Deadline
from lossgrad.endpoints import CHECK, COMPUTE, INFO
from lossgrad.errors import LossGradError
from lossgrad.known_limits import SAYS_NOTHING, Asked, KnownLimits
from lossgrad.pipelines import DEFAULT_DEPTH, Batch, read_depth, require_iterable
from lossgrad.pipelines.tasks import pipelined
from lossgrad.retry import Attempts
from lossgrad.settings import ClientSettings
from lossgrad.transports import AsyncTransport, open_async_transport
from lossgrad.types.check import Check, CheckRequest
from lossgrad.types.info import InfoRequest, Limits, ServerInfo
from lossgrad.types.problem import ProblemArguments
from lossgrad.types.result import Result

Reply = TypeVar("Reply")


class AsyncClient(ClientSettings):
    """`Client` for coroutines: the same names, arguments, results and exceptions.

    Usable from several event loops in turn; over gRPC each has its own channel, and
    HTTP and ``local:`` calls run in at most 32 threads. A task that is cancelled gets
    its CancelledError at once, and nothing is written into its arrays any more.

    A fork waits for calls of other threads' event loops, not for those of its own thread's:
    await them before, or fork by ``asyncio.to_thread``.

    Parameters
    ----------
    target, timeout, token, tls_ca, tls_cert, tls_key
        As `Client`.

    Examples
    --------
    >>> async with lossgrad.AsyncClient("localhost:50051") as client:
    ...     result = await client.compute(scores=scores, labels=labels)
    """

    def _open(self) -> None:
        self._transport = self._open_transport()

    def _open_transport(self) -> AsyncTransport:
        return open_async_transport(self.target, self._credentials)

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
        return await self._compute(Batch(arguments, out, timeout))

    def compute_future(
        self,
        *,
        out: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        **arguments: Unpack[ProblemArguments],
    ) -> asyncio.Task[Result]:
        """Begin a call in the running event loop; whatever `compute` would raise, the task has.

        The arrays, those of `out` too, are the call's until the task is done. Keep the
        task: the event loop itself may forget it.

        Parameters
        ----------
        out, timeout, **arguments
            As `Client.compute`.
        """
        return asyncio.create_task(self._compute(Batch(arguments, out, timeout)))

    def map(
        self,
        batches: Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]],
        *,
        depth: int = DEFAULT_DEPTH,
        timeout: float | None = None,
    ) -> AsyncGenerator[Result]:
        """Compute one batch after the other, the next ones while the caller uses a result.

        As `Client.map`, but that calls under way are cancelled where the iterator ends
        before its time. `batches` may be an async iterable as well.

        Parameters
        ----------
        batches, depth, timeout
            As `Client.map`.

        Examples
        --------
        >>> async for result in client.map({"scores": s, "labels": y} for s, y in loader):
        ...     print(result.loss)
        """
        require_iterable(batches, Iterable, AsyncIterable)

        def begin(batch: object) -> asyncio.Task[Result]:
            return asyncio.create_task(self._compute(Batch.of(batch, timeout)))

        return pipelined(batches, begin, read_depth(depth))

    async def check(
        self,
        *,
        gradients: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        **arguments: Unpack[ProblemArguments],
    ) -> Check:
        """Hold one's own loss and gradients of a batch against the exact ones.

        Parameters
        ----------
        gradients, timeout, **arguments
            As `Client.check`.

        Raises
        ------
        LossGradError
            As `Client.check`.
        """
        request = CheckRequest.of(arguments, gradients)
        known, attempts = self._begin_call(timeout)
        return await _with_retries(attempts, partial(self._attempt_check, request, known))

    async def info(self, *, timeout: float | None = None) -> ServerInfo:
        """Return the server's version, limits and capabilities; as `Client.info`."""
        _, attempts = self._begin_call(timeout)
        return await _with_retries(attempts, partial(self._transport.send, INFO, InfoRequest()))

    async def close(self) -> None:
        """Close the running event loop's connections; further calls are `InvalidArgument`."""
        self._close_memory()
        self._experience.close()
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

    async def _compute(self, batch: Batch) -> Result:
        call = ComputeCall.of(batch.arguments, batch.out)
        try:
            return call.deliver(await self._answer(call, batch.timeout))
        finally:
            call.loan.end()  # a thread may be left that still takes in what arrives

    async def _answer(self, call: ComputeCall, timeout: float | None) -> Result:
        known, attempts = self._begin_call(timeout)
        return await _with_retries(attempts, partial(self._attempt, call, known))

    async def _attempt(self, call: ComputeCall, known: KnownLimits, timeout: float) -> Result:
        left = await self._admitted(call.problem, known, timeout)
        return await self._transport.send(COMPUTE, self._prepared(call, known), left)

    async def _attempt_check(
        self, request: CheckRequest, known: KnownLimits, timeout: float
    ) -> Check:
        left = await self._admitted(request, known, timeout)
        return await self._transport.send(CHECK, request, left)

    async def _admitted(self, asked: Asked, known: KnownLimits, timeout: float) -> float:
        """Return what is left of an attempt's time once a call is within the limits."""
        if known.admit(asked):
            return timeout
        deadline = Deadline(timeout)
        known.learn(await self._published_limits(timeout))
        known.check(asked)
        return deadline.remaining()

    async def _published_limits(self, timeout: float) -> Limits | None:
        try:
            return (await self._transport.send(INFO, InfoRequest(), timeout)).limits
        except SAYS_NOTHING:
            return None


async def _with_retries(attempts: Attempts, attempt: Callable[[float], Awaitable[Reply]]) -> Reply:
    """Return what the first attempt that does not fail returns."""
    timeout = attempts.first()
    while True:
        try:
            return await attempt(timeout)
        except LossGradError as error:
            step = attempts.after(error)
        await asyncio.sleep(step.pause)
        timeout = step.timeout
