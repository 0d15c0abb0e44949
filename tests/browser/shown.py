"""The page as somebody uses it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.examples import Example
from tests.browser.watching import Watch
from tests.service.web import compute

CELL = "[data-row='{}'][data-column='{}']"


class Shown:
    """The page of the service at `origin` in one tab, and what is done on it."""

    def __init__(self, page: Page, origin: str, watch: Watch) -> None:
        self.page = page
        self.origin = origin
        self.watch = watch

    def open(self) -> None:
        """Load the page, and wait for its first numbers."""
        self.page.goto(self.origin)
        self.wait_until("ready")

    def open_example(self, example: Example) -> None:
        """Choose an example, and wait for its numbers."""
        self.part("example").select_option(example.name)
        expect(self.part("about")).to_have_text(example.text)
        self.wait_until("ready")

    def use_json(self, text: str) -> None:
        """Paste a request, and use it."""
        if not self.part("json").is_visible():
            self.part("json-panel").locator("summary").click()
        self.part("json").fill(text)
        self.part("use-json").click()

    def compare(self, gradients: Any) -> None:
        """Paste gradients, and wait for the verdict."""
        self.part("own").fill(json.dumps(gradients))
        self.part("compare").click()
        expect(self.part("verdict")).to_be_visible()

    def wait_until(self, state: str) -> None:
        """Wait until the numbers are "ready", or "refused"."""
        expect(self.part("main")).to_have_attribute("data-state", state)

    def part(self, name: str) -> Locator:
        """Return a part of the page by its name for tests."""
        return self.page.get_by_test_id(name)

    def score(self, row: int, column: int) -> Locator:
        """Return the field of a score; of a label in the column after the last class."""
        return self.part("scores").locator(CELL.format(row, column))

    def cell(self, table: str, row: int, column: int) -> Locator:
        """Return a cell of a heat map."""
        return self.part(table).locator(CELL.format(row, column))

    def numbers(self, table: str) -> list[list[float]]:
        """Return the exact numbers of a heat map."""
        rows = self.part(table).locator("tbody tr").all()
        return [[number_in(text) for text in exact_of(row)] for row in rows]

    @property
    def loss(self) -> float:
        """The loss, with every digit."""
        return number_in(self.part("loss").get_attribute("title") or "")

    def shows(self, request: dict[str, Any]) -> None:
        """Hold the numbers on the page against what the service answers to a request."""
        answer = compute(self.origin, {**request, "want": ["dScores", "probs", "row_losses"]}).json
        assert self.loss == read(answer["loss"])
        assert self.numbers("dscores") == [list(map(read, row)) for row in answer["dScores"]]
        with_losses = zip(answer["probs"], answer["row_losses"], strict=True)
        expected = [[*map(read, row), read(loss)] for row, loss in with_losses]
        assert self.numbers("probs") == expected


def exact_of(row: Locator) -> Sequence[str]:
    """Return what the cells of a line of a heat map say exactly."""
    return row.locator("[data-exact]").evaluate_all("cells => cells.map(c => c.dataset.exact)")


def number_in(text: str) -> float:
    """Return the number at the end of a text of the page."""
    return read(text.rpartition(": ")[2].replace("−", "-").replace("∞", "inf"))


def read(value: float | str) -> float:
    """Return a number as JSON has it, where infinities are strings."""
    return float(value)
