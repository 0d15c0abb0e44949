"""Waiting for one's turn: for a bounded time, among others."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from typing import Generic, Protocol, TypeVar


class OfCaller(Protocol):
    """What is claimed for a caller."""

    @property
    def caller(self) -> str:
        """The caller's name."""
        ...


Claim = TypeVar("Claim", bound=OfCaller)
Claimed = TypeVar("Claimed", contravariant=True)


class Supply(Protocol[Claimed]):
    """What is waited for."""

    def take(self, claim: Claimed, /) -> bool:
        """Meet a claim if that can be done now; return whether it was."""
        ...

    def give(self, claim: Claimed, /) -> None:
        """Take back what a claim was met with."""
        ...

    def holds_up(self, waiting: Claimed, other: Claimed, /) -> bool:
        """Return whether another claim may not pass one that cannot be met now."""
        ...


class Line(Generic[Claim]):
    """Those who wait for a supply: callers take turns, each with its claims as they came.

    Whose claim was met last comes after those who join the line meanwhile.
    """

    def __init__(self, supply: Supply[Claim]) -> None:
        self._supply = supply
        self._waiting: dict[asyncio.Future[None], Claim] = {}
        self._last: str | None = None
        """The caller who had the last turn."""

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    @property
    def waiting(self) -> Collection[Claim]:
        """Their claims."""
        return self._waiting.values()

    def take(self, claim: Claim) -> bool:
        """Meet a claim if it need not wait, neither for supply nor for others; tell whether."""
        if self._is_held_up(claim, self.waiting) or not self._supply.take(claim):
            return False
        self._last = claim.caller
        return True

    def give(self, claim: Claim) -> None:
        """Take back what a claim was met with, and meet those that waited for it."""
        self._supply.give(claim)
        if self._waiting:
            self._advance()

    async def wait(self, claim: Claim, seconds: float) -> bool:
        """Wait until a claim is met, some seconds at most; return whether it was."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._join(turn, claim)
        try:
            async with asyncio.timeout(seconds):
                await turn
        except TimeoutError:
            self._leave(turn)
        except asyncio.CancelledError:
            self._leave(turn)
            if _is_met(turn):
                self.give(claim)
            raise
        return _is_met(turn)

    def _join(self, turn: asyncio.Future[None], claim: Claim) -> None:
        """Line up: before whoever had the last turn, else at the end."""
        self._waiting[turn] = claim
        if self._last is not None and claim.caller != self._last:
            self._let_others_first(self._last)
        self._advance()

    def _leave(self, turn: asyncio.Future[None]) -> None:
        """Let the next ones move up."""
        self._waiting.pop(turn, None)
        self._advance()

    def _advance(self) -> None:
        """Meet the claims that can be."""
        while (turn := self._next_met()) is not None:
            claim = self._waiting.pop(turn)
            turn.set_result(None)
            self._last = claim.caller
            self._let_others_first(claim.caller)

    def _next_met(self) -> asyncio.Future[None] | None:
        """Return the first turn whose claim could be met, and was."""
        passed: list[Claim] = []
        for turn, claim in self._waiting.items():
            if turn.cancelled():  # and about to leave
                continue
            if not self._is_held_up(claim, passed) and self._supply.take(claim):
                return turn
            passed.append(claim)
        return None

    def _let_others_first(self, caller: str) -> None:
        """Move what else a caller waits for to the end, once it had its turn."""
        for turn, claim in list(self._waiting.items()):
            if claim.caller == caller:
                self._waiting[turn] = self._waiting.pop(turn)

    def _is_held_up(self, claim: Claim, waiting: Iterable[Claim]) -> bool:
        return any(self._supply.holds_up(before, claim) for before in waiting)


def is_full_for(caller: str, waiting: Collection[OfCaller], most: int) -> bool:
    """Return whether no more than those may wait, or no more of one caller: half of all."""
    of_caller = sum(claim.caller == caller for claim in waiting)
    return len(waiting) >= most or of_caller * 2 >= most


def _is_met(turn: asyncio.Future[None]) -> bool:
    return turn.done() and not turn.cancelled()
