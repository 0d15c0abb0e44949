"""Rules of accessibility, by axe-core."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

_SOURCE = (Path(__file__).parent / "vendor/axe-core/axe.min.js").read_text()


def violations(page: Page, without: Sequence[str] = ()) -> list[str]:
    """Return each rule that what a page shows breaks, and where, but within some selectors."""
    # What is evaluated may do what the page's own scripts may not.
    page.evaluate(_SOURCE)
    run = "async exclude => (await axe.run({exclude})).violations"
    found = page.evaluate(run, [[selector] for selector in without])
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]
