"""What is wrong with settings, for whoever tells of it.

Apart from the settings themselves, so that commands that have none need not load them.
"""

from __future__ import annotations

from pydantic import ValidationError


class WrongSettings(ValueError):
    """Settings that do not go together, or name files that are wrong; told in one line."""


def variable_of(name: str) -> str:
    """Return the variable of a setting."""
    return f"LOSSGRAD_{name}".upper()


def wrong_settings(error: ValidationError) -> list[tuple[str, str]]:
    """Return the name of each setting that was refused, and what is wrong with it."""
    return [(str(e["loc"][0]), f"{e['msg']}, got {e['input']!r}") for e in error.errors()]
