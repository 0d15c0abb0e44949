"""Calls that wait for their callers, who may be late."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from lossgrad.errors import Busy, DeadlineExceeded, LossGradError
from lossgrad_service.admission.patience import SHORTEST_HINT, Clock

if TYPE_CHECKING:
    from lossgrad_service.admission.visit import Visit

GRACE_SECONDS: Final = 0.1
"""How long a caller may take without being late, and for each byte a little more."""

SLOWEST_BYTES: Final = 2**23
"""What a caller that is not late sends, or takes, in a second."""

LOOK_SECONDS: Final = 0.05
"""How often it is looked who is late."""


class Wait:
    """The time of one action of a visit that lasts as long as its caller makes it last.

    While its caller is late the visit holds what the action may turn out to need, and is
    the first to go where others need room.

    Parameters
    ----------
    visit
        The call.
    size
        Bytes that are expected to pass.
    doubt
        How many more may.
    deadline
        When they are of no use any more.
    """

    __slots__ = ("_deadline", "_doubt", "_end", "_task", "late_at", "taken", "visit")

    def __init__(self, visit: Visit, size: int, doubt: int, deadline: Clock) -> None:
        self.visit = visit
        self.late_at = monotonic() + GRACE_SECONDS + size / SLOWEST_BYTES
        self.taken = 0
        """Bytes that the visit holds because its caller is late."""
        self._doubt = doubt
        self._deadline = deadline
        self._end: LossGradError | None = None
        self._task: asyncio.Task[Any] | None = asyncio.current_task()

    @property
    def is_over(self) -> bool:
        """Whether the visit was ended."""
        return self._end is not None

    def be_late(self) -> None:
        """Hold what may come; end the visit where that is not free."""
        doubt = max(0, min(self._doubt, self.visit.most - self.visit.held))
        if self.visit.take(doubt):
            self.taken = doubt
        else:
            self.make_room()

    def check(self) -> None:
        """End the visit where its time is over."""
        if self._deadline.remaining() <= 0:
            self._cut(DeadlineExceeded("the call's time ran out while it waited for its caller"))

    def make_room(self) -> None:
        """End the visit, because others need what it holds."""
        rate = f"{SLOWEST_BYTES / 2**20:g} MiB/s"
        text = f"the caller was slower than {rate}, and others need its room; try again later"
        self._cut(Busy(text, retry_after=SHORTEST_HINT))

    def raise_end(self) -> None:
        """Raise why the visit was ended, if that is why its task was cancelled."""
        if self._end is not None and self._task is not None and self._task.uncancel() == 0:
            raise self._end from None

    def _cut(self, end: LossGradError) -> None:
        if self._end is None and self._task is not None:
            self._end = end
            self._task.cancel()


class Waits:
    """All of them: a single timer looks after them, as most are over before it rings."""

    def __init__(self) -> None:
        self._in_time: dict[Wait, None] = {}
        self.late: dict[Wait, None] = {}
        """Those whose callers are late, the first of them first."""
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, wait: Wait) -> None:
        """Look after a wait."""
        self._in_time[wait] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def end(self, wait: Wait) -> None:
        """Forget a wait."""
        self._in_time.pop(wait, None)
        self.late.pop(wait, None)

    def _look(self) -> None:
        now = monotonic()
        for wait in [wait for wait in self._in_time if wait.late_at <= now]:
            del self._in_time[wait]
            self.late[wait] = None
            wait.be_late()
        for wait in self.late:
            wait.check()
        is_needed = bool(self._in_time or self.late)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(LOOK_SECONDS, self._look) if is_needed else None
