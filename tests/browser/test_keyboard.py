"""The page with the keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.examples import example

TWO_ROWS = example("two_rows").request
FOCUSED = "() => document.activeElement.closest('[id]')?.id"
ORDER = [
    "token", "example", "file", "json_panel", "temperature", "temperature_number",
    "label_smoothing", "label_smoothing_number", "scores", "probs", "dscores", "column", "row",
    "own", "compare", "own_file", "mistake", "plant", "copy_python", "copy_curl", "copy_json",
]  # fmt: skip


def stops(shown):
    """Yield what the tab key reaches, from the beginning of the page on."""
    for _ in range(60):
        shown.page.keyboard.press("Tab")
        yield shown.page.evaluate(FOCUSED)


def focus(shown, name):
    assert name in stops(shown)


def test_tab_reaches_everything_once_and_in_reading_order(shown):
    reached = []
    for stop in stops(shown):
        reached.append(stop)
        if stop == ORDER[-1]:
            break
    assert [stop for stop in reached if stop in ORDER] == ORDER


def test_what_has_the_focus_is_seen(shown):
    """A table's stop is the cell or field in it that has the focus."""
    for stop in stops(shown):
        outline = shown.page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
        assert outline not in ("none", "hidden"), stop
        if stop == ORDER[-1]:
            break


def test_the_first_stop_skips_to_the_numbers(shown):
    shown.page.keyboard.press("Tab")
    shown.page.keyboard.press("Enter")
    shown.page.keyboard.press("Tab")
    expect(shown.score(0, 0)).to_be_focused()


def test_arrow_keys_move_in_the_grid_and_a_number_is_typed_over(shown):
    focus(shown, "scores")
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowUp"):
        shown.page.keyboard.press(key)
    expect(shown.score(0, 1)).to_be_focused()
    shown.page.keyboard.type("4")
    shown.wait_until("ready")
    scores = [[TWO_ROWS["scores"][0][0], 4, *TWO_ROWS["scores"][0][2:]], *TWO_ROWS["scores"][1:]]
    shown.shows({**TWO_ROWS, "scores": scores})


def test_heat_maps_are_read_with_arrows_and_escape_closes_the_readout(shown):
    focus(shown, "dscores")
    shown.page.keyboard.press("ArrowDown")
    expect(shown.part("readout")).to_have_text(re.compile(r"^dScores, row 1, class 0"))
    shown.page.keyboard.press("End")
    expect(shown.part("readout")).to_have_text(re.compile(r"^dScores, row 1, class 2"))
    shown.page.keyboard.press("Escape")
    expect(shown.part("readout")).to_be_hidden()
    expect(shown.cell("dscores", 1, 2)).to_be_focused()


@pytest.mark.parametrize("name", ["temperature", "label_smoothing"])
def test_sliders_move_with_arrows(shown, name):
    focus(shown, name)
    for _ in range(3):
        shown.page.keyboard.press("ArrowRight")
    shown.wait_until("ready")
    value = float(shown.page.locator(f"#{name}_number").input_value())
    assert value == float(shown.part(name).get_attribute("aria-valuetext"))
    shown.shows({**TWO_ROWS, name: value})


def test_a_mistake_is_planted_and_found(shown):
    focus(shown, "mistake")
    shown.page.keyboard.press("ArrowDown")
    shown.page.keyboard.press("Tab")
    shown.page.keyboard.press("Enter")
    expect(shown.part("finding")).to_have_attribute("data-code", "not_divided_by_n")


def test_a_request_is_pasted_and_used(shown):
    focus(shown, "json_panel")
    shown.page.keyboard.press("Enter")
    expect(shown.part("json")).to_be_visible()
    shown.page.keyboard.press("Tab")
    shown.page.keyboard.press("Control+A")
    shown.page.keyboard.insert_text('{"scores": [[0, 0]], "labels": [1]}')
    shown.page.keyboard.press("Tab")
    shown.page.keyboard.press("Enter")
    expect(shown.part("about")).to_have_text("Your own request.")
    shown.wait_until("ready")
    shown.shows({"scores": [[0, 0]], "labels": [1]})
