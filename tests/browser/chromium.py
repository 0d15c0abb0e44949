"""Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import which

from playwright.sync_api import Browser, sync_playwright

# Chromium asks its maker's servers for this and that at every start, unless told otherwise.
_QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync")

# A name that is looked up is a request to another origin: none is found.
_OFFLINE = ("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run an installed Chromium, without a window, within a with-block."""
    path = which("chromium")
    assert path, "there is no chromium: `make browser` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[*_QUIET, *_OFFLINE],
            # Its sandbox cannot be set up by root.
            chromium_sandbox=os.geteuid() != 0,
        )
        try:
            yield browser
        finally:
            browser.close()
