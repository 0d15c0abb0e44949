"""Errors as lines on standard error and as exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import ValidationError

from lossgrad.errors import (
    Busy,
    DeadlineExceeded,
    InvalidArgument,
    LossGradError,
    TooLarge,
    Unavailable,
)
from lossgrad_service.runtime.wrong_settings import variable_of, wrong_settings

WRONG_INPUT = 2
UNAVAILABLE = 3
FAILED = 1


@contextmanager
def told_kindly() -> Iterator[None]:
    """Turn an expected error within a with-block into lines and an exit code."""
    try:
        yield
    except ValidationError as error:
        _tell(_setting_lines(error), WRONG_INPUT)
    except LossGradError as error:
        _tell(_lines(error), _exit_code(error))
    except OSError as error:
        _tell([str(error)], FAILED)


def _tell(lines: list[str], code: int) -> None:
    for line in lines:
        typer.echo(f"lossgrad: {line}", err=True)
    raise typer.Exit(code)


def _lines(error: LossGradError) -> list[str]:
    if isinstance(error, InvalidArgument) and error.violations:
        return [str(violation) for violation in error.violations]
    return [error.message]


def _exit_code(error: LossGradError) -> int:
    if isinstance(error, (InvalidArgument, TooLarge)):
        return WRONG_INPUT
    return UNAVAILABLE if isinstance(error, (Unavailable, Busy, DeadlineExceeded)) else FAILED


def _setting_lines(error: ValidationError) -> list[str]:
    """Return one line for each wrong setting, named as its flag and its variable."""
    return [
        f"--{name.replace('_', '-')} ({variable_of(name)}): {text}"
        for name, text in wrong_settings(error)
    ]
