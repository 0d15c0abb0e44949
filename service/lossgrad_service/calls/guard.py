"""Keeping bugs in: whatever else is raised becomes `Internal`, and its cause is logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from lossgrad.errors import Internal, LossGradError

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)


def guarded(request_id: str, work: Callable[[], Answer]) -> Answer:
    """Return what `work` returns.

    Raises
    ------
    LossGradError
        What `work` raised; anything else becomes `Internal`.
    """
    try:
        return work()
    except LossGradError:
        raise
    except Exception as error:
        raise internal_error(error, request_id) from error


def internal_error(error: Exception, request_id: str) -> Internal:
    """Log an unexpected error with its traceback and return what the caller may know of it."""
    _log.error("request %s failed unexpectedly", request_id, exc_info=error)
    return Internal(
        f"the server failed unexpectedly; its log tells why under request id {request_id}",
        request_id=request_id,
    )
