"""Our answer to a problem, as a caller in this process gets it."""

from __future__ import annotations

from typing import Any

from lossgrad import Result
from lossgrad.types import Problem
from lossgrad_service.core import compute as compute_problem


def compute(**arguments: Any) -> Result:
    """Return the result of the problem that `lossgrad.Client.compute` would take."""
    return compute_problem(Problem.of(arguments))
