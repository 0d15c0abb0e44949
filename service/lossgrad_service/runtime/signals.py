"""The signals that end a process, and the one that renews it."""

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


def heed_hangups(heed: Callable[[], None]) -> None:
    """Call `heed` at each SIGHUP, but end as by SIGTERM where a terminal was closed.

    Where SIGHUP is ignored, as by nohup, it stays so.

    Parameters
    ----------
    heed
        Called on the running event loop.
    """
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return
    had_terminal = _has_terminal()

    def receive() -> None:
        if had_terminal and not _has_terminal():
            signal.raise_signal(signal.SIGTERM)
        else:
            heed()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, receive)


def _has_terminal() -> bool:
    """Return whether a terminal controls this process."""
    try:
        os.close(os.open(os.ctermid(), os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
