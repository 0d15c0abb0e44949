"""The service under abuse, and figures that are worth telling."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.abuse.served import Served, serving

Tell = Callable[[str], None]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A service of two workers that all tests of a module abuse, one after the other."""
    with serving() as found:
        yield found


@pytest.fixture
def tell(capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Tell:
    """Say a figure on the screen, whether the test succeeds or not."""

    def say(figure: str) -> None:
        with capfd.disabled():
            print(f"\n  {request.node.name}: {figure}", end="", flush=True)

    return say
