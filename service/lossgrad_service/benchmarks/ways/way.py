"""What a way is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias

from lossgrad import TooLarge
from lossgrad_service.benchmarks.timing import Call
from lossgrad_service.benchmarks.workloads import Workload

Opening: TypeAlias = AbstractContextManager[Call]
"""A call that can be made within a with-block."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of making a call, or what a call is compared with."""

    name: str
    server: str
    """Who is called, a name among targets."""
    open: Callable[[str, Workload], Opening]
    """From where the server is and what it is asked."""
    most_bytes: int | None = None
    """Sent by the largest workload that this way is meant for; None if it is for all."""

    def suits(self, workload: Workload) -> bool:
        """Return whether a workload is small enough for this way to make sense."""
        return self.most_bytes is None or workload.bytes_in <= self.most_bytes


def is_taken(call: Call) -> bool:
    """Return whether a first call is within the limits of who takes it."""
    try:
        call()
    except TooLarge:
        return False
    return True
