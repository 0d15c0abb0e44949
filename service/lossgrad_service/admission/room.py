"""The bytes that calls hold, and the order in which they come by them."""

from __future__ import annotations

from typing import Final

from lossgrad.errors import TooLarge
from lossgrad_service.access.refused import Refused
from lossgrad_service.admission.budget import Budget, Claim
from lossgrad_service.admission.line import Line, is_full_for
from lossgrad_service.admission.patience import SHORTEST_HINT, Clock, patience_of
from lossgrad_service.admission.wait import Waits

MOST_WAITING: Final = 64
"""Calls that may wait for bytes of the budget."""


class Room:
    """A budget, those who wait for bytes of it, and those whose callers keep it from them.

    Parameters
    ----------
    budget
        Of the bytes that all calls hold together.
    most_waiting
        Calls that may wait for bytes; half of them of one caller.
    """

    def __init__(self, budget: Budget, most_waiting: int = MOST_WAITING) -> None:
        self.budget = budget
        self.waits = Waits()
        """Of calls for their callers; those that are late make room."""
        self._line = Line(budget)
        self._most_waiting = most_waiting

    @property
    def n_waiting(self) -> int:
        """How many calls wait for bytes."""
        return len(self._line)

    def take(self, claim: Claim) -> bool:
        """Hold bytes if they are free and nobody waits for any; return whether that was so."""
        return self._line.take(claim)

    def give(self, claim: Claim) -> None:
        """Hold less, for those who wait; with a negative size more."""
        self._line.give(claim)

    async def wait_for(self, claim: Claim, held: int, deadline: Clock) -> None:
        """Hold bytes as soon as they are free; calls whose callers are late make room.

        Parameters
        ----------
        claim
            The bytes.
        held
            What the same call holds already.
        deadline
            Of the call.

        Raises
        ------
        TooLarge
            Where one caller never gets as many.
        Busy
            Where they are not free soon; see `patience_of`.
        """
        if held + claim.size > self.budget.most_of_one:
            raise _too_large(held + claim.size, self.budget.most_of_one)
        if is_full_for(claim.caller, self._line.waiting, self._most_waiting):
            raise _busy(claim)
        self._make_room(claim)
        if not await self._line.wait(claim, patience_of(deadline)):
            raise _busy(claim)

    def _make_room(self, claim: Claim) -> None:
        """End calls whose callers are late until there will be room for a claim."""
        anybodys, missing = self.budget.is_for_all(claim), self.budget.missing(claim)
        for wait in list(self.waits.late):
            is_its = anybodys or wait.holder.caller.name == claim.caller
            if missing > 0 and is_its and wait.end is None:
                missing -= wait.holder.held
                wait.make_room()


def _too_large(size: int, most: int) -> TooLarge:
    return TooLarge(
        f"the call would hold {size} bytes, and one caller gets {most}, half of admission_bytes "
        "in each worker; send fewer rows at a time with the whole batch's denominator",
        limit="admission_bytes",
    )


def _busy(claim: Claim) -> Refused:
    return Refused(
        f"{claim.size} bytes are not free now, for this caller or for all; "
        f"try again in {SHORTEST_HINT:g} s",
        retry_after=SHORTEST_HINT,
        cause="bytes",
    )
