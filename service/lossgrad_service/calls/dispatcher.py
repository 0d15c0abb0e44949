"""Running calls: off the event loop where they compute for long, on it where they do not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sized
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from lossgrad.errors import LossGradError
from lossgrad_service.calls.call import Call
from lossgrad_service.calls.guard import error_of_ours, guarded
from lossgrad_service.calls.method import Method
from lossgrad_service.calls.readiness import Readiness
from lossgrad_service.calls.service import Service

Answer = TypeVar("Answer")
Message = TypeVar("Message", bound=Sized)


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """What an adapter is given: the service, and threads to run it on."""

    service: Service
    readiness: Readiness
    executor: Executor

    async def answer(
        self, method: Method[Message, Any, Any], call: Call, message: Message
    ) -> bytes:
        """Return the answer to a message, computed where that is quickest.

        What takes about a millisecond is not handed to a thread, which would take as
        long as small batches do. Before the kernels are there, anything may take long.

        Raises
        ------
        LossGradError
            As `run` does.
        """
        if len(message) > method.small_bytes or not self.readiness.is_warm:
            return await self.run(call, partial(method, self.service, message, call))
        try:
            request = method.read(message, call)
            if method.is_quick(request):
                return method.answer(self.service, request, call)
        except LossGradError:
            raise
        except Exception as error:
            raise error_of_ours(error, call.request_id) from error
        return await self.run(call, partial(method.answer, self.service, request, call))

    async def run(self, call: Call, work: Callable[[], Answer]) -> Answer:
        """Return what `work` returns, run on a compute thread.

        Work that still waits for a thread when its caller is cancelled is not begun; such
        as runs already ends at its next checkpoint.

        Raises
        ------
        LossGradError
            What `work` raised; anything else becomes `Internal`.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.executor, guarded, call.request_id, work)
        except asyncio.CancelledError:
            call.deadline.cancel()
            raise

    async def run_at_once(self, call: Call, work: Callable[[], Answer]) -> Answer:
        """Return what `work` returns, which takes about a millisecond at most.

        Raises
        ------
        LossGradError
            As `run` does.
        """
        return guarded(call.request_id, work)
