"""One call inside the gate, and the bytes that it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sized
from time import perf_counter
from typing import Any, Final, TypeVar, cast

from lossgrad.errors import LossGradError
from lossgrad_service.access.caller import Caller
from lossgrad_service.access.quotas import Quotas
from lossgrad_service.admission.budget import Claim
from lossgrad_service.admission.patience import Clock
from lossgrad_service.admission.room import Room
from lossgrad_service.admission.wait import NEVER, UNTOLD_GRACE, Wait, grace_for

Message = TypeVar("Message", bound=Sized)
Given = TypeVar("Given")

RECEIVED_SHARE: Final = 3
"""Part of its charge that a message takes until it is decoded, computed and answered."""


class Visit:
    """A call from `Gate.enter` until `leave`.

    gRPC shows a message once all of it is there. So a message is charged as its caller
    declares it, and that counts for as long as such a message takes; a call that is late by
    then may be sending anything, and is charged for the largest message. Where nothing is
    declared it is charged so from the start. Who is late is ended where what it is charged
    for is not free, or as soon as others need room: those that send or read nothing keep
    nobody out.
    """

    __slots__ = ("_answer", "_quotas", "_room", "caller", "held", "waited")

    def __init__(self, room: Room, quotas: Quotas, caller: Caller) -> None:
        self._room = room
        self._quotas = quotas
        self._answer: Wait | None = None
        self.caller = caller
        self.held = 0
        """Bytes of the budget."""
        self.waited = 0.0
        """Seconds that it waited for them."""

    @property
    def most(self) -> int:
        """Bytes that its caller gets at most."""
        return self._room.budget.most_of_one

    @property
    def cut(self) -> LossGradError | None:
        """Why its answer was ended before its caller had taken it, where it was."""
        return None if self._answer is None else self._answer.end

    def take(self, size: int) -> bool:
        """Hold `size` bytes more if they are free; return whether they were."""
        is_free = self._room.take(Claim(self.caller.name, size))
        self.held += size * is_free
        return is_free

    async def admit(self, size: int, deadline: Clock) -> None:
        """Hold `size` bytes more.

        Raises
        ------
        TooLarge
            Where one caller never gets as many.
        Busy
            Where they are not free soon.
        """
        if not self.take(size):
            start = perf_counter()
            try:
                await self._room.wait_for(Claim(self.caller.name, size), self.held, deadline)
            finally:
                self.waited += perf_counter() - start
            self.held += size

    def resize(self, size: int) -> None:
        """Hold `size` bytes in all, which are there already, free or not."""
        if size != self.held:
            self._room.give(Claim(self.caller.name, self.held - size))
            self.held = size

    def be_answered(self, size: int, hang_up: Callable[[], None]) -> None:
        """Hold an answer until `leave`, which is to follow once the caller has taken it.

        Parameters
        ----------
        size
            Its bytes.
        hang_up
            Ends the connection: called where the caller is late, and others need room.
        """
        self.resize(size)
        self._answer = Wait(self, grace_for(size), 0, NEVER, hang_up)
        self._room.waits.begin(self._answer)

    def leave(self) -> None:
        """Give everything back."""
        if self._answer is not None:
            self._room.waits.end(self._answer)
        self.resize(0)

    async def receive(
        self,
        read: Callable[[], Awaitable[Message]],
        declared: int | None,
        at_most: int,
        deadline: Clock,
    ) -> Message:
        """Return the message of a call, of which nothing is read before there is room for it.

        Parameters
        ----------
        read
            Reads it.
        declared
            Bytes that it has, where the caller said so.
        at_most
            Bytes that it may turn out to have.
        deadline
            Until when it must be there.

        Raises
        ------
        TooLarge, Busy
            As `admit` and `wait_for_caller`; `Busy` as well where the caller's quota of
            bytes is used up.
        DeadlineExceeded
            Where it does not come in time.
        """
        self.require_quota(declared or 1)
        largest = min(at_most // RECEIVED_SHARE, self.most)
        is_told = declared is not None
        size, grace = (declared, grace_for(declared)) if is_told else (largest, UNTOLD_GRACE)
        await self.admit(size, deadline)
        self.charge(declared or 0)
        message = await self._done(read, grace, largest - size, deadline)
        self.resize(self.held - size + len(message))
        self.charge(len(message) - (declared or 0))
        return message

    async def wait_for_caller(
        self, action: Callable[[], Awaitable[Given]], size: int, deadline: Clock
    ) -> Given:
        """Return what comes of an action that lasts as long as the caller makes it last.

        Parameters
        ----------
        action
            Reads what the caller sends, or writes what it takes: the call holds room for it.
        size
            Bytes that pass.
        deadline
            See `Wait`.

        Raises
        ------
        Busy
            Where the caller was late, and others needed room.
        DeadlineExceeded
            Where it was not done in time.
        """
        return await self._done(action, grace_for(size), 0, deadline)

    async def _done(
        self, action: Callable[[], Awaitable[Given]], grace: float, doubt: int, deadline: Clock
    ) -> Given:
        """Return what comes of an action that is given up where it may not last any longer."""
        waits, task = self._room.waits, cast("asyncio.Task[Any]", asyncio.current_task())
        wait = Wait(self, grace, doubt, deadline, task.cancel)
        waits.begin(wait)
        try:
            return await action()
        except asyncio.CancelledError:
            if wait.end is not None and task.uncancel() == 0:
                raise wait.end from None
            raise
        finally:
            waits.end(wait)
            if wait.taken:
                self.resize(self.held - wait.taken)
            # Whose error has a traceback, which has this frame: a cycle around the message.
            del wait

    def require_quota(self, size: int) -> None:
        """Let `size` bytes come.

        Raises
        ------
        Busy
            Where the caller's quota has not as many left.
        """
        if self.caller.quota is not None:
            self._quotas.require_bytes(self.caller.name, self.caller.quota, size)

    def charge(self, size: int) -> None:
        """Count bytes that came, or are about to, against the caller's quota."""
        if self.caller.quota is not None:
            self._quotas.charge_bytes(self.caller.name, self.caller.quota, size)
