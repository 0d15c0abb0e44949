"""How long a stream is waited for: its caller's next message, and room for its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from lossgrad.errors import DeadlineExceeded

Outcome = TypeVar("Outcome")


class Patience:
    """Waits for the caller of a stream, at each step for so long at most.

    Parameters
    ----------
    seconds
        The setting ``idle_seconds``.
    """

    __slots__ = ("_seconds",)

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def until_sent(self, message: Awaitable[Outcome]) -> Outcome:
        """Return the caller's next message once it is there.

        Raises
        ------
        DeadlineExceeded
            Where none comes in time.
        """
        return await self._until(
            message, "no message came; send each as soon as it is made, or open a stream later"
        )

    async def until_taken(self, answer: Awaitable[Outcome]) -> Outcome:
        """Return once the caller's side has room for an answer.

        Raises
        ------
        DeadlineExceeded
            Where it has none in time.
        """
        return await self._until(answer, "no answer was read; read them while you send")

    async def _until(self, waited_for: Awaitable[Outcome], text: str) -> Outcome:
        try:
            async with asyncio.timeout(self._seconds):
                return await waited_for
        except TimeoutError:
            raise DeadlineExceeded(
                f"for idle_seconds = {self._seconds:g} s of this stream {text}"
            ) from None
