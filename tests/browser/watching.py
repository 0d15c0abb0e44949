"""What a page asks for and complains of while a test uses it."""

from __future__ import annotations

from playwright.sync_api import ConsoleMessage, Page, Request

NETWORK = "Failed to load resource"
"""How the console begins to tell of an answer that is an error, which is no error of the page."""


class Watch:
    """The requests of a page, and its errors but for answers that a test `expects` to be some."""

    def __init__(self, page: Page, origin: str) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._origin = origin
        self._expects_errors = False
        page.on("request", self._on_request)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def expect_errors_of_service(self) -> None:
        """Take answers that are errors, or none at all, for what the test is about."""
        self._expects_errors = True

    @property
    def strangers(self) -> list[str]:
        """Requests that were not for the origin of the page."""
        own = (f"{self._origin}/", "data:", "blob:")
        return [url for url in self.requests if not url.startswith(own)]

    def _on_request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _on_console(self, message: ConsoleMessage) -> None:
        is_of_service = message.text.startswith(NETWORK) and self._expects_errors
        if message.type in ("error", "warning") and not is_of_service:
            self.complaints.append(message.text)
