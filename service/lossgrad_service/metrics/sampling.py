"""What is looked at from time to time, as nobody tells when it changes."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from lossgrad_service.metrics.catalogue import LAG
from lossgrad_service.metrics.cells import TICK, cell_of

PERIOD_SECONDS: Final = 0.5
"""How long a gauge stays as it was."""

_REMEMBERED: Final = 30
"""Ticks of which the latest is told: fifteen seconds, as often as Prometheus usually asks."""

_LAG: Final = cell_of(LAG)


class Sampler:
    """Writes gauges into a row of a slab, and by how much its event loop is late.

    Parameters
    ----------
    row
        Of this process.
    gauges
        How each is asked for, by its name and the values of its labels.
    """

    def __init__(
        self, row: memoryview[float], gauges: Mapping[tuple[str, ...], Callable[[], float]]
    ) -> None:
        self._row = row
        self._gauges = {cell_of(*series): ask for series, ask in gauges.items()}
        self._lags: deque[float] = deque(maxlen=_REMEMBERED)

    def sample(self) -> None:
        """Write how the gauges are now."""
        for cell, ask in self._gauges.items():
            self._row[cell] = ask()

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            self.sample()
            self._row[TICK] = time.monotonic()
            self._lags.append(await _lateness())
            self._row[_LAG] = max(self._lags)


async def _lateness() -> float:
    """Return by how many seconds a pause of `PERIOD_SECONDS` was longer than that."""
    loop = asyncio.get_running_loop()
    due = loop.time() + PERIOD_SECONDS
    await asyncio.sleep(PERIOD_SECONDS)
    return max(0.0, loop.time() - due)
