"""The engine, and the images that `python -m tests.containers.images` built."""

from __future__ import annotations

import pytest

from tests.containers.engine import Engine, find_engine


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return find_engine(tmp_path_factory.mktemp("engine"))
