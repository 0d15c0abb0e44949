"""Requests that can be sent as they stand, with their true answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """A request of ``POST /v1/compute`` and what the service answers."""

    summary: str
    request: dict[str, Any]
    answer: dict[str, Any]


EXAMPLES: Mapping[str, Example] = {}
