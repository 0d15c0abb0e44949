"""Futures that are done before anything has begun."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any


def failed_future(error: Exception) -> Future[Any]:
    """Return the future of a call that could not even begin."""
    future = Future[Any]()
    future.set_exception(error)
    return future
