"""Rules of accessibility, by axe-core."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

_SOURCE = (Path(__file__).parent / "vendor/axe-core/axe.min.js").read_text()


def violations(page: Page) -> list[str]:
    """Return each rule that what a page shows breaks, and where."""
    # What is evaluated may do what the page's own scripts may not.
    page.evaluate(_SOURCE)
    found = page.evaluate("async () => (await axe.run()).violations")
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]
