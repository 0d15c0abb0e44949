"""The one gate that every call comes through, over gRPC and over HTTP."""

from __future__ import annotations

from typing import Final

from lossgrad_service.access.caller import Caller, Door
from lossgrad_service.access.quotas import Quotas
from lossgrad_service.admission.budget import Budget
from lossgrad_service.admission.room import Room
from lossgrad_service.admission.visit import Visit

STRANGERS_PART: Final = 8
"""Of the budget: calls without a key get so much of their own, all of them together."""

_STRANGER: Final = Caller("who shows no key")


class Gate:
    """Lets calls in: who makes them, and how many.

    Parameters
    ----------
    door
        Tells who calls.
    quotas
        Count what each caller uses in a minute.
    room
        What all calls hold bytes of.
    """

    def __init__(self, door: Door, quotas: Quotas, room: Room) -> None:
        self.room = room
        share = room.budget.total // STRANGERS_PART
        self.strangers = Room(Budget(share, share), most_waiting=0)
        """What calls without a key hold bytes of: they take none from others, and wait for none."""
        self._door = door
        self._quotas = quotas

    def enter(self, token: str | None, peer: str) -> Visit:
        """Begin a call, before anything of it but its head was read.

        Parameters
        ----------
        token
            What the caller showed; see `access.tokens.token_in`.
        peer
            Where it calls from.

        Raises
        ------
        Unauthenticated
            Where the caller is none of this server's.
        Busy
            Where its quota of calls is used up.
        """
        caller = self._door.caller_of(token, peer)
        if caller.quota is not None:
            self._quotas.charge_call(caller.name, caller.quota)
        return Visit(self.room, self._quotas, caller)

    def enter_without_key(self) -> Visit:
        """Begin a call that anybody may make, before anything of it but its head was read."""
        return Visit(self.strangers, self._quotas, _STRANGER)
