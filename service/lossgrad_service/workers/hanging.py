"""Finding out about a process that hangs: stopped, or with an event loop that does not turn.

The kernel goes on giving it new connections, which nobody answers.
"""

from __future__ import annotations

import asyncio

from lossgrad_service.metrics import Place

LOOK_SECONDS = 1.0
"""How often a process is looked at; its event loop says twice as often that it turns."""

SILENT_LOOKS = 30
"""Looks in a row without a turn, after which it hangs: no call holds an event loop so long."""


async def until_silent(place: Place) -> None:
    """Return once a process hangs whose event loop has turned before.

    Looks are counted, not seconds: whoever suspends a machine or a container suspends who
    looks, too.

    Parameters
    ----------
    place
        Of the process.
    """
    silent, last = 0, 0.0
    while silent < SILENT_LOOKS:
        await asyncio.sleep(LOOK_SECONDS)
        tick = place.tick
        silent = silent + 1 if tick and tick == last else 0
        last = tick
