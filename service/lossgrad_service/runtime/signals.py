"""The signals that end a process."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable


def _nothing() -> None:
    pass


def stop_on_signals(stop: Callable[[], None], before_exit: Callable[[], None] = _nothing) -> None:
    """Call `stop` at the first SIGINT or SIGTERM, and end the process at the second.

    Parameters
    ----------
    stop
        Lets the process end in order; called on the running event loop.
    before_exit
        What the second signal calls before the process ends with 128 + its number.
    """
    loop = asyncio.get_running_loop()
    received: list[signal.Signals] = []

    def receive(signum: signal.Signals) -> None:
        if received:
            before_exit()
            os._exit(128 + signum)
        received.append(signum)
        stop()

    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, receive, signum)
