"""A service that stops: said kindly, nothing lost, and on again when it is back."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.examples import example
from tests.running import running_server

TWO_ROWS = example("two_rows")


def test_the_page_survives_its_service_and_recovers(tab):
    with running_server() as first:
        port = urlsplit(first.http).port
        shown = tab(first.http)
        shown.open()
    shown.watch.expect_errors_of_service()
    loss = shown.loss
    shown.score(0, 0).fill("4")
    shown.wait_until("refused")
    expect(shown.part("error")).to_contain_text("does not answer")
    expect(shown.score(0, 0)).to_have_value("4")
    assert shown.loss == loss
    shown.part("example").select_option("digits")
    expect(shown.part("example")).to_have_value("two_rows")
    expect(shown.part("error")).to_contain_text("does not answer")
    with running_server(http_port=port):
        shown.score(0, 0).fill("5")
        shown.wait_until("ready")
        expect(shown.part("error")).to_be_hidden()
        first_row = [5, *TWO_ROWS.request["scores"][0][1:]]
        shown.shows({**TWO_ROWS.request, "scores": [first_row, *TWO_ROWS.request["scores"][1:]]})
        shown.open_example(example("digits"))


def test_a_comparison_without_a_service_is_told_kindly(tab):
    with running_server() as running:
        shown = tab(running.http)
        shown.open()
    shown.watch.expect_errors_of_service()
    shown.part("own").fill("[[1, 2, 3]]")
    shown.part("compare").click()
    expect(shown.part("compare-error")).to_contain_text("does not answer")
