"""The refusal of a call for which there is no room, with what it lacked."""

from __future__ import annotations

from lossgrad.errors import Busy
from lossgrad_service.metrics.catalogue import Refusal


class Refused(Busy):
    """A call that was not let in, and may come again.

    Parameters
    ----------
    message
        What is told its caller.
    retry_after
        Seconds until it may come again.
    cause
        What it lacked, as it is counted; its caller is not told so.
    """

    def __init__(self, message: str, *, retry_after: float, cause: Refusal) -> None:
        super().__init__(message, retry_after=retry_after)
        self.cause: Refusal = cause
