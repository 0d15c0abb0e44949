"""Calls that wait for their callers, who may be late."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from time import monotonic
from typing import Final, Protocol

from lossgrad.errors import DeadlineExceeded, LossGradError
from lossgrad_service.access.caller import Caller
from lossgrad_service.access.refused import Refused
from lossgrad_service.admission.patience import SHORTEST_HINT, Clock

GRACE_SECONDS: Final = 0.1
"""How long a caller may take without being late, and for each byte a little more."""

SLOWEST_BYTES: Final = 2**23
"""What a caller that is not late sends, or takes, in a second."""

WINDOW_BYTES: Final = 2**16
"""What HTTP/2 sends without waiting for the other side: such a message comes with its head."""

AT_ONCE_SECONDS: Final = 0.02
"""How long it may take, so that who declares little cannot send much uncounted."""

UNTOLD_GRACE: Final = 0.01
"""Seconds after which a caller is late that did not tell what it sends."""

LOOK_SECONDS: Final = 0.01
"""How often it is looked who is late."""


class _Never:
    """The deadline of what may take as long as nobody needs its room."""

    def remaining(self) -> float:
        return math.inf

    def check(self) -> None:
        return


NEVER: Final[Clock] = _Never()


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
    if size <= WINDOW_BYTES:
        return AT_ONCE_SECONDS
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
    give_up
        Ends the action.
    """

    __slots__ = ("_deadline", "_doubt", "_give_up", "end", "holder", "late_at", "taken")

    def __init__(
        self,
        holder: Holder,
        grace: float,
        doubt: int,
        deadline: Clock,
        give_up: Callable[[], object],
    ) -> None:
        self.holder = holder
        self.late_at = monotonic() + min(grace, deadline.remaining())
        self.taken = 0
        """Bytes that the call holds because its caller is late."""
        self.end: LossGradError | None = None
        """Why the action was ended before it was done."""
        self._doubt = doubt
        self._deadline = deadline
        self._give_up = give_up

    def be_late(self) -> None:
        """Hold what may come; end the action where that is not free."""
        doubt = min(self._doubt, self.holder.most - self.holder.held)
        if doubt <= 0:
            return
        if self.holder.take(doubt):
            self.taken = doubt
        else:
            self.make_room()

    def check(self) -> None:
        """End the action where its time is over."""
        if self._deadline.remaining() <= 0:
            self._end(
                DeadlineExceeded(
                    "the call's time ran out while it waited for its caller; send and read "
                    "faster, or allow more time"
                )
            )

    def make_room(self) -> None:
        """End the action, because others need what the call holds."""
        rate = f"{SLOWEST_BYTES / 2**20:g} MiB/s"
        self._end(
            Refused(
                f"the caller was slower than {rate}, or did not tell the bytes of its message "
                "beforehand, and others need its room; tell them, or try again later",
                retry_after=SHORTEST_HINT,
                cause="late_caller",
            )
        )

    def _end(self, error: LossGradError) -> None:
        if self.end is None:
            self.end = error
            self._give_up()


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
