"""One `client` fixture runs every behaviour test over every transport."""

from __future__ import annotations

from typing import Any

import pytest
from lossgrad.types import Problem, Result


class Local:
    def compute(self, **arguments: Any) -> Result:
        from lossgrad_service.core import compute

        return compute(Problem.of(arguments))


@pytest.fixture(params=["local"])
def client(request):
    return Local()


@pytest.fixture
def clients():
    return {"local": Local()}


@pytest.fixture
def examples():
    return 60
