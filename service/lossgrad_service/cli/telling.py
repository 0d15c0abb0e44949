"""Errors of a start, as lines on standard error and as exit codes.

Apart from the errors of calls, so that commands that make none need not load the client.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import ValidationError

from lossgrad_service.runtime.wrong_settings import WrongSettings, variable_of, wrong_settings

WRONG_INPUT = 2
FAILED = 1


@contextmanager
def start_told_kindly() -> Iterator[None]:
    """Turn wrong settings, and what the system refuses, into lines and an exit code."""
    try:
        yield
    except ValidationError as error:
        tell(_setting_lines(error), WRONG_INPUT)
    except WrongSettings as error:
        tell([str(error)], WRONG_INPUT)
    except OSError as error:
        tell([str(error)], FAILED)


def tell(lines: list[str], code: int) -> None:
    """Print lines on standard error and end the command."""
    for line in lines:
        typer.echo(f"lossgrad: {line}", err=True)
    raise typer.Exit(code)


def _setting_lines(error: ValidationError) -> list[str]:
    """Return one line for each wrong setting, named as its flag and its variable."""
    return [
        f"--{name.replace('_', '-')} ({variable_of(name)}): {text}"
        for name, text in wrong_settings(error)
    ]
