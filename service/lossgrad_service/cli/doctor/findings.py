"""What an examination finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lossgrad_service.cli.errors import UNAVAILABLE

State = Literal["well", "doubtful", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    name: str
    """What was looked at."""
    state: State
    text: str
    advice: str = ""
    """What to do where all is not well."""
    exit_code: int = 0
    """What the command ends with because of it."""


def well(name: str, text: str) -> Finding:
    """Return a finding that needs nothing done."""
    return Finding(name, "well", text)


def doubtful(name: str, text: str, advice: str) -> Finding:
    """Return a finding with which the service still works."""
    return Finding(name, "doubtful", text, advice)


def wrong(name: str, text: str, advice: str, exit_code: int = UNAVAILABLE) -> Finding:
    """Return a finding with which nothing that depends on it can work."""
    return Finding(name, "wrong", text, advice, exit_code)
