"""Figures that are worth telling."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Tell = Callable[[str], None]


@pytest.fixture
def tell(capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Tell:
    """Say a figure on the screen, whether the test succeeds or not."""

    def say(figure: str) -> None:
        with capfd.disabled():
            print(f"\n  {request.node.name}: {figure}", end="", flush=True)

    return say
