"""The service under abuse, and figures that are worth telling."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.abuse.served import Served, serving
from tests.telling import tell

__all__ = ["served", "tell"]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A service of two workers that all tests of a module abuse, one after the other."""
    with serving() as found:
        yield found
