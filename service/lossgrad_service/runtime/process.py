"""The life of a process that serves: prepared, run, and ended though a call computes on."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Coroutine
from typing import Any

from lossgrad_service.runtime.collector import relax_collector


def run_to_the_end(serving: Coroutine[Any, Any, None]) -> None:
    """Run `serving` on an event loop; where a computation outlasts it, end the process."""
    relax_collector()
    asyncio.run(serving)
    if _still_computes():
        _end_now()


def _still_computes() -> bool:
    """Tell whether the interpreter would wait for threads before it ends."""
    others = set(threading.enumerate()) - {threading.current_thread()}
    return any(not thread.daemon for thread in others)


def _end_now() -> None:
    """End the process: calls that outlast the grace have nobody left to answer."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
