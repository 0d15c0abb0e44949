"""The one gate that every call comes through, over gRPC and over HTTP."""

from __future__ import annotations

from lossgrad_service.access.caller import Door
from lossgrad_service.access.quotas import Quotas
from lossgrad_service.admission.room import Room
from lossgrad_service.admission.visit import Visit


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
            self._quotas.charge(caller, 0)
        return Visit(self.room, self._quotas, caller)
