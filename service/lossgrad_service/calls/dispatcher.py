"""Running calls: off the event loop where they compute, on it where they cost nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from lossgrad_service.calls.guard import guarded
from lossgrad_service.calls.readiness import Readiness
from lossgrad_service.calls.service import Service

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """What an adapter is given: the service, and threads to run it on."""

    service: Service
    readiness: Readiness
    executor: Executor

    async def run(self, request_id: str, work: Callable[[], Answer]) -> Answer:
        """Return what `work` returns, run on a compute thread.

        Work that still waits for a thread when its caller is cancelled is not begun.

        Raises
        ------
        LossGradError
            What `work` raised; anything else becomes `Internal`.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, guarded, request_id, work)

    async def run_at_once(self, request_id: str, work: Callable[[], Answer]) -> Answer:
        """Return what `work` returns, which takes microseconds; nothing queues before it.

        Raises
        ------
        LossGradError
            As `run` does.
        """
        return guarded(request_id, work)
