"""Every example: loaded, and shown as the service answers it."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.examples import EXAMPLES, example

SIXTEEN = 16
"""Rows on one page of the tables."""


def test_the_page_begins_with_an_example(shown):
    shown.shows(example("two_rows").request)


@pytest.mark.parametrize("chosen", EXAMPLES, ids=lambda chosen: chosen.name)
def test_every_example_shows_what_the_service_answers(shown, chosen):
    shown.open_example(chosen)
    assert len(chosen.request["labels"]) <= SIXTEEN
    shown.shows(chosen.request)
    expect(shown.part("error")).to_be_hidden()
    expect(shown.part("curve").locator("canvas")).to_be_visible()
    weights_are_shown(shown, chosen)


def weights_are_shown(shown, chosen):
    has_weights = "w2" in chosen.request
    expect(shown.part("weights")).to_be_visible(visible=has_weights)
    for name in ("dW2", "db2") if has_weights else ():
        expect(shown.part(f"map-{name}")).to_be_visible()


def test_an_open_panel_of_json_follows_the_example(shown):
    shown.part("json-panel").locator("summary").click()
    shown.open_example(example("digits"))
    assert json.loads(shown.part("json").input_value()) == example("digits").request


def test_an_exact_number_is_read_out_under_the_pointer(shown):
    shown.cell("dscores", 0, 1).hover()
    expect(shown.part("readout")).to_have_text(re.compile(r"^dScores, row 0, class .*: \S+$"))


def test_a_row_is_spelled_out_step_by_step(shown):
    shown.open_example(example("toy_net"))
    shown.part("row").fill("1")
    expect(shown.page.locator("tr.chosen[data-line='1']").first).to_be_visible()
    assert shown.part("steps").locator("li").count() >= 5
    expect(shown.part("row-table").locator("tbody tr")).to_have_count(3)
