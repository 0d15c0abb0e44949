"""The service as it is soaked: ``python -m tests.reliability.soaked LEAK serve …``, one process.

At a SIGUSR1 it collects its cycles and gives all free memory back, so that what it then has is
what it holds. LEAK is one of `LEAKS`, planted around every computation, or ``none``.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from itertools import count
from typing import Any, Final

from lossgrad_service.__main__ import main
from lossgrad_service.calls import Service
from lossgrad_service.child.guarded import end_with_parent
from lossgrad_service.child.process import COMMAND, running_child
from tests.abuse.served import ADDRESS_LINES, Served
from tests.security.served import LIMITS

NONE: Final = "none"
KEPT_BYTES: Final = 256 * 1024
EVERY: Final = 4
"""Calls that leave one behind."""

_kept: list[Any] = []


def _keep_memory() -> None:
    _kept.append(b"x" * KEPT_BYTES)


def _keep_descriptor() -> None:
    _kept.append(os.dup(0))


def _keep_thread() -> None:
    threading.Thread(target=threading.Event().wait, daemon=True).start()


LEAKS: dict[str, Callable[[], None]] = {
    "memory": _keep_memory,
    "descriptors": _keep_descriptor,
    "threads": _keep_thread,
}


@contextmanager
def serving_soaked(leak: str = NONE) -> Iterator[Served]:
    """Run it, within the limits that bad calls exceed, until the block is left."""
    limits = [str(word) for limit in LIMITS.items() for word in limit]
    flags = (*COMMAND[3:], "--workers", "1", "--log-level", "error", *limits)
    command = (sys.executable, "-m", "tests.reliability.soaked", leak, *flags)
    with running_child(command, ADDRESS_LINES) as child:
        yield Served(child)


def _plant(leak: Callable[[], None]) -> None:
    compute, calls = Service.compute, count(1)

    @wraps(compute)
    def leaking(*arguments: Any) -> Any:
        if next(calls) % EVERY == 0:
            leak()
        return compute(*arguments)

    Service.compute = leaking


def _tidy_up(*_: object) -> None:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


if __name__ == "__main__":
    planted = sys.argv.pop(1)
    if planted != NONE:
        # Before the adapters are imported, which look at what a computation is.
        _plant(LEAKS[planted])
    signal.signal(signal.SIGUSR1, _tidy_up)
    end_with_parent()
    main()
