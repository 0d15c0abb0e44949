"""Running calls: off the event loop where they compute for long, on it where they do not."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from lossgrad.errors import LossGradError
from lossgrad_service.admission import Slots, Turn, Visit
from lossgrad_service.calls.call import Call
from lossgrad_service.calls.guard import error_of_ours, guarded
from lossgrad_service.calls.method import Method
from lossgrad_service.calls.observer import Observer
from lossgrad_service.calls.readiness import Readiness
from lossgrad_service.calls.service import Service

Answer = TypeVar("Answer")
Message = TypeVar("Message")


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """What an adapter is given: the service, and threads to run it on, each with its slot."""

    service: Service
    readiness: Readiness
    observer: Observer
    executor: Executor
    spare: Executor
    """A thread for each spare slot."""
    slots: Slots
    idle_seconds: float = math.inf
    """How long the caller of a stream is waited for at each step."""
    max_call_seconds: float = math.inf
    """How long a call that is no stream may take, whatever its caller allows."""

    def require_turn(self, call: Call) -> None:
        """Refuse a call that needs a thread, before its message is read, where that is far.

        Raises
        ------
        Busy
            Where the call would wait too long; see `Slots.take`.
        """
        self.slots.require(call.caller, call.deadline)

    async def answer(
        self, method: Method[Message, Any, Any, Answer], call: Call, visit: Visit, message: Message
    ) -> Answer:
        """Return the answer to a message, computed where that is quickest.

        What takes about a millisecond is not handed to a thread, which would take as
        long as small batches do. Before the kernels are there, anything may take long.
        There is room for the answer before any of it is computed.

        Raises
        ------
        LossGradError
            As `run_soon` does.
        TooLarge, Busy
            Where there is no room for the answer; see `Visit.admit`.
        """
        if not (self.readiness.is_warm and method.is_small(message)):
            request = await self.run_soon(call, partial(method.read, message, call))
            size = guarded(call.request_id, partial(method.answer_bytes, self.service, request))
            await visit.admit(size, call.deadline)
            return await self.run(call, partial(method.answer, self.service, request, call))
        try:
            request = method.read(message, call)
            size = method.answer_bytes(self.service, request)
            await visit.admit(size, call.deadline)
            if size <= method.small_answer and method.is_quick(request):
                return method.answer(self.service, request, call)
        except LossGradError:
            raise
        except Exception as error:
            raise error_of_ours(error, call.request_id) from error
        return await self.run_soon(call, partial(method.answer, self.service, request, call))

    async def run_soon(self, call: Call, work: Callable[[], Answer]) -> Answer:
        """Return what `work`, the first of its call, returns, run on a compute thread.

        Raises
        ------
        LossGradError
            As `run` does.
        Busy
            Where the call would wait too long; see `Slots.take`.
        """
        with call.watch.stage("wait"):
            turn = await self.slots.take(call.caller, call.deadline)
        return await self._run(call, work, turn)

    async def run(self, call: Call, work: Callable[[], Answer]) -> Answer:
        """Return what `work` returns, run on a compute thread when it is its turn.

        Work that still waits for a thread when its caller is cancelled is not begun; such
        as runs already ends at its next checkpoint.

        Raises
        ------
        LossGradError
            What `work` raised; anything else becomes `Internal`.
        """
        with call.watch.stage("wait"):
            turn = await self.slots.take_in_turn(call.caller, call.deadline)
        return await self._run(call, work, turn)

    async def run_at_once(self, call: Call, work: Callable[[], Answer]) -> Answer:
        """Return what `work` returns, which takes about a millisecond at most.

        Raises
        ------
        LossGradError
            As `run` does.
        """
        return guarded(call.request_id, work)

    async def _run(self, call: Call, work: Callable[[], Answer], turn: Turn) -> Answer:
        """Return what `work` returns; its slot, taken before, is free once its thread is."""
        executor = self.spare if turn.is_spare else self.executor
        try:
            job = executor.submit(guarded, call.request_id, work)
        except RuntimeError:  # it is closed
            self.slots.give(turn)
            raise
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            call.deadline.cancel()
            raise
        finally:
            self._give_slot_once(job, turn)
            # Whose error has a traceback, which has this frame: a cycle around the message.
            del job

    def _give_slot_once(self, job: Future[Any], turn: Turn) -> None:
        """Give back a slot once a job is done, which may compute a little longer than its call."""
        if job.done():
            self.slots.give(turn)
        else:
            loop = asyncio.get_running_loop()
            job.add_done_callback(lambda _: loop.call_soon_threadsafe(self.slots.give, turn))
