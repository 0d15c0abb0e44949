"""One service, one browser, and a fresh tab for each test, which must keep to our origin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.chromium import chromium
from tests.browser.shown import Shown
from tests.browser.watching import Watch
from tests.running import running_server

PATIENCE_MS = 10_000
PICTURES = Path(__file__).parents[2] / "out/browser"

OpenTab = Callable[..., Shown]
TakePicture = Callable[[Page | Locator, str], None]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """Where the service is that all tests use, but those that stop theirs."""
    with running_server() as running:
        yield running.http


@pytest.fixture
def tab(browser: Browser) -> Iterator[OpenTab]:
    """Open the page of a service in a tab of its own; `options` are of the browser's context."""
    opened: list[Shown] = []

    def open_tab(origin: str, **options: Any) -> Shown:
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        opened.append(Shown(page, origin, Watch(page, origin)))
        return opened[-1]

    yield open_tab
    for shown in opened:
        shown.page.context.close()
        assert shown.watch.complaints == []
        assert shown.watch.strangers == []


@pytest.fixture
def shown(tab: OpenTab, origin: str) -> Shown:
    """The page with its first example."""
    fresh = tab(origin)
    fresh.open()
    return fresh


@pytest.fixture
def picture() -> TakePicture:
    """Keep a screenshot of what a page or a part of it shows."""

    def take(shown: Page | Locator, name: str) -> None:
        shown.screenshot(path=PICTURES / f"{name}.png")

    return take
