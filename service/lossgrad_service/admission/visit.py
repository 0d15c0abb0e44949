"""One call inside the gate, and the bytes that it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sized
from typing import TYPE_CHECKING, Final, TypeVar

from lossgrad_service.access.caller import Caller
from lossgrad_service.admission.budget import Claim
from lossgrad_service.admission.patience import Clock
from lossgrad_service.admission.wait import Wait

if TYPE_CHECKING:
    from lossgrad_service.admission.gate import Gate

Message = TypeVar("Message", bound=Sized)
Given = TypeVar("Given")

FREE_BYTES: Final = 2**18
"""Size of the largest message that is not declared: small calls need not say anything."""


RECEIVED_SHARE: Final = 3
"""Part of its charge that a message takes until it is decoded, computed and answered."""


class Visit:
    """A call from `Gate.enter` until `leave`.

    gRPC shows a message once all of it is there. So a message is charged as its caller
    declares it, or as `FREE_BYTES`, and that counts for as long as such a message takes.
    A call that is late by then may be sending anything: it is charged for the largest
    message, and ended where that is not free, or as soon as others need room. So what
    comes in uncounted is no more than a network brings within a tenth of a second,
    whatever callers declare; and those that send or read nothing keep nobody out.
    """

    __slots__ = ("_gate", "caller", "held")

    def __init__(self, gate: Gate, caller: Caller) -> None:
        self._gate = gate
        self.caller = caller
        self.held = 0
        """Bytes of the budget."""

    @property
    def most(self) -> int:
        """Bytes that its caller gets at most."""
        return self._gate.budget.most_of_one

    def take(self, size: int) -> bool:
        """Hold `size` bytes more if they are free; return whether they were."""
        is_free = self._gate.take(Claim(self.caller.name, size))
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
            await self._gate.wait_for(Claim(self.caller.name, size), self.held, deadline)
            self.held += size

    def resize(self, size: int) -> None:
        """Hold `size` bytes in all, which are there already, free or not."""
        if size != self.held:
            self._gate.give(Claim(self.caller.name, self.held - size))
            self.held = size

    def leave(self) -> None:
        """Give everything back."""
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
        size = min(FREE_BYTES, at_most) if declared is None else declared
        doubt = at_most // RECEIVED_SHARE - size
        self.charge(declared or 0)
        await self.admit(size, deadline)
        message = await self.wait_for_caller(read, size, doubt, deadline)
        self.resize(self.held - size + len(message))
        self.charge(len(message) - (declared or 0))
        return message

    async def wait_for_caller(
        self, action: Callable[[], Awaitable[Given]], size: int, doubt: int, deadline: Clock
    ) -> Given:
        """Return what comes of an action that lasts as long as the caller makes it last.

        Parameters
        ----------
        action
            Reads what the caller sends, or writes what it takes.
        size, doubt, deadline
            See `Wait`.

        Raises
        ------
        Busy
            Where the caller was late, and others needed room.
        DeadlineExceeded
            Where it was not done in time.
        """
        wait, waits = Wait(self, size, doubt, deadline), self._gate.waits
        waits.begin(wait)
        try:
            return await action()
        except asyncio.CancelledError:
            wait.raise_end()
            raise
        finally:
            waits.end(wait)
            if wait.taken:
                self.resize(self.held - wait.taken)

    def charge(self, size: int) -> None:
        """Count bytes against the caller's quota.

        Raises
        ------
        Busy
            Where it is used up.
        """
        if self.caller.quota is not None and size > 0:
            self._gate.quotas.charge(self.caller, size, calls=0)
