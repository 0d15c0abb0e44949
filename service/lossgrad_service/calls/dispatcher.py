"""Running calls off the event loop, and keeping bugs in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from lossgrad.errors import Internal, LossGradError
from lossgrad_service.calls.readiness import Readiness
from lossgrad_service.calls.service import Service

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """What an adapter is given: the service, and threads to run it on."""

    service: Service
    readiness: Readiness
    executor: Executor

    async def run(self, request_id: str, work: Callable[[], Answer]) -> Answer:
        """Return what `work` returns, run on a compute thread.

        Raises
        ------
        LossGradError
            What `work` raised; anything else becomes `Internal`.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.executor, work)
        except LossGradError:
            raise
        except Exception as error:
            raise internal_error(error, request_id) from error


def internal_error(error: Exception, request_id: str) -> Internal:
    """Log an unexpected error with its traceback and return what the caller may know of it."""
    _log.error("request %s failed unexpectedly", request_id, exc_info=error)
    return Internal(
        f"the server failed unexpectedly; its log tells why under request id {request_id}",
        request_id=request_id,
    )
