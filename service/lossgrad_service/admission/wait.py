"""Calls that wait for their callers, who may be late."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any, Final, Protocol

from lossgrad.errors import Busy, DeadlineExceeded, LossGradError
from lossgrad_service.access.caller import Caller
from lossgrad_service.admission.patience import SHORTEST_HINT, Clock

GRACE_SECONDS: Final = 0.1
"""How long a caller may take without being late, and for each byte a little more."""

SLOWEST_BYTES: Final = 2**23
"""What a caller that is not late sends, or takes, in a second."""

UNTOLD_GRACE: Final = 0.01
"""Seconds after which a caller is late that did not tell what it sends."""

LOOK_SECONDS: Final = 0.01
"""How often it is looked who is late."""


class Holder(Protocol):
    """A call that waits, and what it holds meanwhile."""

    caller: Caller
    held: int

    @property
    def most(self) -> int:
        """Bytes that its caller gets at most."""
        ...

    def take(self, size: int) -> bool:
        """Hold `size` bytes more if they are free; return whether they were."""
        ...


def grace_for(size: int) -> float:
    """Return the seconds that a caller may take to send, or to take, so many bytes."""
    return GRACE_SECONDS + size / SLOWEST_BYTES


class Wait:
    """The time of one action of a call that lasts as long as its caller makes it last.

    While its caller is late the call holds what the action may turn out to need, and is
    the first to go where others need room.

    Parameters
    ----------
    holder
        The call.
    grace
        Seconds after which its caller is late.
    doubt
        How many more bytes may pass than the call holds.
    deadline
        When they are of no use any more.
    """

    __slots__ = ("_deadline", "_doubt", "_end", "_task", "holder", "late_at", "taken")

    def __init__(self, holder: Holder, grace: float, doubt: int, deadline: Clock) -> None:
        self.holder = holder
        self.late_at = monotonic() + grace
        self.taken = 0
        """Bytes that the call holds because its caller is late."""
        self._doubt = doubt
        self._deadline = deadline
        self._end: LossGradError | None = None
        self._task: asyncio.Task[Any] | None = asyncio.current_task()

    @property
    def is_over(self) -> bool:
        """Whether the call was ended."""
        return self._end is not None

    def be_late(self) -> None:
        """Hold what may come; end the call where that is not free."""
        doubt = max(0, min(self._doubt, self.holder.most - self.holder.held))
        if self.holder.take(doubt):
            self.taken = doubt
        else:
            self.make_room()

    def check(self) -> None:
        """End the call where its time is over."""
        if self._deadline.remaining() <= 0:
            self._cut(DeadlineExceeded("the call's time ran out while it waited for its caller"))

    def make_room(self) -> None:
        """End the call, because others need what it holds."""
        rate = f"{SLOWEST_BYTES / 2**20:g} MiB/s"
        self._cut(
            Busy(
                f"the caller was slower than {rate}, or did not tell the bytes of its message "
                "beforehand, and others need its room; tell them, or try again later",
                retry_after=SHORTEST_HINT,
            )
        )

    def raise_end(self) -> None:
        """Raise why the call was ended, if that is why its task was cancelled."""
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
