"""The bound that every accuracy test holds to, and helpers whatever machine this is."""

from __future__ import annotations

import pytest

from lossgrad_service.kernels import helpers, parallel


@pytest.fixture
def two_helpers(monkeypatch):
    """A pool of two threads beside the caller's."""
    parallel._helpers.cache_clear()
    monkeypatch.setattr(helpers, "available_cores", lambda: 3)
    yield
    parallel._helpers()._pool.shutdown()
    parallel._helpers.cache_clear()


@pytest.fixture(scope="session")
def within():
    """Hold errors to the bound; print the worst of each name at the end (``pytest -s``)."""
    worst = {}

    def check(name, error):
        worst[name] = max(worst.get(name, 0.0), error)
        assert error <= 1, f"{name}: {error} × the bound"

    yield check
    lines = (f"{name}: {error:.3f} of the bound" for name, error in sorted(worst.items()))
    print("", *lines, sep="\n")
