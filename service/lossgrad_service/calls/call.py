"""One call on its way through the service."""

from __future__ import annotations

from lossgrad_service.calls.deadline import Deadline
from lossgrad_service.calls.stopwatch import Stopwatch


class Call:
    """What is known of a call beside its message.

    Parameters
    ----------
    request_id
        What it is called in logs and in its answer.
    deadline
        Until when it is worth working on.
    """

    __slots__ = ("deadline", "request_id", "watch")

    def __init__(self, request_id: str, deadline: Deadline) -> None:
        self.request_id = request_id
        self.deadline = deadline
        self.watch = Stopwatch()
        """Where its time goes."""
