"""What a call gets whose client is closed, before it or under it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager

from lossgrad.errors import InvalidArgument


def closed_error() -> InvalidArgument:
    """Return what a send on a closed transport raises."""
    return InvalidArgument.at("client", "is closed; make a new one")


@contextmanager
def told_if_closed(is_closed: Callable[[], bool]) -> Generator[None]:
    """Tell an await that ends because another task closed the client from a cancelled task.

    Raises
    ------
    InvalidArgument
        Where the await is cancelled, `is_closed` and nobody cancelled the running task.
    """
    try:
        yield
    except asyncio.CancelledError:
        if is_closed() and not _is_cancelled():
            raise closed_error() from None
        raise


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
