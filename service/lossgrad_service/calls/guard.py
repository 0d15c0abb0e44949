"""Keeping bugs in: what nobody raised on purpose is logged and becomes an error of ours."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from lossgrad.errors import Internal, LossGradError, TooLarge

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)


def guarded(request_id: str, work: Callable[[], Answer]) -> Answer:
    """Return what `work` returns.

    Raises
    ------
    LossGradError
        What `work` raised; anything else becomes `Internal`.
    TooLarge
        Where memory ran out.
    """
    try:
        return work()
    except LossGradError:
        raise
    except MemoryError as error:
        raise _out_of_memory(error, request_id) from error
    except Exception as error:
        raise internal_error(error, request_id) from error


def internal_error(error: Exception, request_id: str) -> Internal:
    """Log an unexpected error with its traceback and return what the caller may know of it."""
    _log.error("request %s failed unexpectedly", request_id, exc_info=error)
    return Internal(
        f"the server failed unexpectedly; its log tells why under request id {request_id}",
        request_id=request_id,
    )


def _out_of_memory(error: MemoryError, request_id: str) -> TooLarge:
    _log.error("request %s needed more memory than there is: %s", request_id, error)
    return TooLarge(
        "the server has too little memory for this call; want less, or send fewer rows at a "
        "time with the whole batch's denominator",
        limit="memory",
    )
