"""Ctrl-C while processes are being started."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Start processes that leave Ctrl-C to this one, and see none of them half started.

    A terminal interrupts the whole process group. Children inherit the block on the
    signal and keep it. This process only notes an interrupt within the block, since
    the signal can still reach another of its threads, and acts on it at the end.

    Raises
    ------
    KeyboardInterrupt
        At the end, after an interrupt meanwhile.
    """
    received: list[int] = []
    # The tracker's first start would lift the block.
    resource_tracker.ensure_running()
    handler = signal.signal(signal.SIGINT, lambda signum, _: received.append(signum))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if received:
        raise KeyboardInterrupt
