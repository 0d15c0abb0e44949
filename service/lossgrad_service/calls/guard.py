"""Keeping bugs in: what nobody raised on purpose is logged and becomes an error of ours."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from lossgrad.errors import Internal, LossGradError, TooLarge

Answer = TypeVar("Answer")

OUT_OF_MEMORY: Final = "memory"
"""The limit that `TooLarge` names where memory ran out, which is no published one."""

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
    except Exception as error:
        raise error_of_ours(error, request_id) from error


def error_of_ours(error: Exception, request_id: str) -> LossGradError:
    """Log an error that nobody raised on purpose and return the one that the caller gets."""
    if isinstance(error, MemoryError):
        return _out_of_memory(error, request_id)
    return internal_error(error, request_id)


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
        limit=OUT_OF_MEMORY,
    )
