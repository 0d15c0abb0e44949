"""A siege from the outside: it runs on a thread while a healthy caller is measured."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.abuse.served import Served
from tests.abuse.sieges import Siege
from tests.running import PATIENCE_SECONDS, event_loop


@contextmanager
def besieged(served: Served, siege: Siege) -> Iterator[Any]:
    """Hold a siege until the block is left; yields what it tells."""
    with event_loop() as loop:
        held = siege(served)

        def run(step: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(step, loop).result(PATIENCE_SECONDS)

        told = run(held.__aenter__())
        try:
            yield told
        finally:
            run(held.__aexit__(None, None, None))
