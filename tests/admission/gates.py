"""Gates without a server."""

from __future__ import annotations

import time
from collections.abc import Callable

from lossgrad_service.access.open_door import OpenDoor
from lossgrad_service.access.quotas import Quotas
from lossgrad_service.admission import Budget, Gate, Room, Slots, Visit
from lossgrad_service.admission.visit import RECEIVED_SHARE
from lossgrad_service.runtime.settings import Settings
from tests.running import PATIENCE_SECONDS

MEBIBYTE = 2**20

UNTOLD_BYTES = Settings().max_request_bytes // RECEIVED_SHARE
"""What a call is charged whose caller does not tell how much it sends."""

HEALTHY = {"scores": [[1.0, 2.0]], "labels": [0]}


def gate(total: int = 100, most_of_one: int | None = None, **options: int) -> Gate:
    return Gate(OpenDoor(), Quotas(), Room(Budget(total, most_of_one), **options))


def no_line(count: int, **_: int) -> Slots:
    """Return slots for which nobody may wait, none of them spare."""
    return Slots(count, most_waiting=0)


def visit(at: Gate, caller: str = "a") -> Visit:
    return at.enter(None, caller)


def until(is_so: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.001)
