"""What a call gets whose client is closed, before it or under it."""

from __future__ import annotations

import asyncio

from lossgrad.errors import InvalidArgument


def closed_error() -> InvalidArgument:
    """Return what a send on a closed transport raises."""
    return InvalidArgument.at("client", "is closed; make a new one")


def tell_if_closed(is_closed: bool) -> None:
    """Tell an await that ended since another task closed the client from a cancelled task.

    Called where a CancelledError arrives.

    Raises
    ------
    InvalidArgument
        Where nobody cancelled the running task.
    """
    if is_closed and not _is_cancelled():
        raise closed_error() from None


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
