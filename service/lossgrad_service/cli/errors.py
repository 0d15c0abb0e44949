"""Errors of a call, as lines on standard error and as exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lossgrad.errors import (
    Busy,
    DeadlineExceeded,
    InvalidArgument,
    LossGradError,
    TooLarge,
    Unavailable,
)
from lossgrad_service.cli.telling import FAILED, WRONG_INPUT, start_told_kindly, tell

UNAVAILABLE = 3


@contextmanager
def told_kindly() -> Iterator[None]:
    """Turn an expected error within a with-block into lines and an exit code."""
    with start_told_kindly():
        try:
            yield
        except LossGradError as error:
            tell(_lines(error), exit_code_of(error))


def exit_code_of(error: LossGradError) -> int:
    """Return what a command ends with because of an error."""
    if isinstance(error, (InvalidArgument, TooLarge)):
        return WRONG_INPUT
    return UNAVAILABLE if isinstance(error, (Unavailable, Busy, DeadlineExceeded)) else FAILED


def _lines(error: LossGradError) -> list[str]:
    if isinstance(error, InvalidArgument) and error.violations:
        return [str(violation) for violation in error.violations]
    return [error.message]
