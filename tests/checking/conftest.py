import pytest

from lossgrad_service.checking import verifying


@pytest.fixture
def one_direction(monkeypatch):
    """Verify along one direction only, where something else is tested."""
    monkeypatch.setattr(verifying, "DIRECTIONS", 1)
