"""One server with low limits for all that is bad; it must come out of every test unharmed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.security.endpoints import Endpoints
from tests.security.served import Served, serving


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture(scope="session")
def endpoints(served: Served) -> Iterator[Endpoints]:
    with closing(Endpoints(served.addresses)) as endpoints:
        yield endpoints


@pytest.fixture(autouse=True)
def _unharmed(served: Served) -> Iterator[None]:
    yield
    served.assert_unharmed()
