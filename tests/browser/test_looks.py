"""Every width and both schemes: nothing to scroll sideways, nothing that axe-core minds."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.examples import EXAMPLES, example

SCHEMES = ("light", "dark")
PHONE = {"width": 390, "height": 844}
PAPER = "() => getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).map(Number)"


def with_findings(shown):
    shown.part("mistake").select_option("not_divided_by_n")
    shown.part("plant").click()
    expect(shown.part("finding")).to_be_visible()


def with_error(shown):
    shown.watch.expect_errors_of_service()
    shown.score(0, 0).fill("nan")
    shown.wait_until("refused")


def everything_open(shown):
    with_findings(shown)
    for summary in shown.page.locator("summary").all():
        summary.click()
    shown.part("copy-json").click()
    expect(shown.part("copy-text")).to_be_visible()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing(tab, origin, scheme):
    shown = tab(origin, color_scheme=scheme)
    shown.open()
    shown.open_example(example("digits"))
    everything_open(shown)
    assert violations(shown.page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_while_something_is_refused(tab, origin, scheme):
    shown = tab(origin, color_scheme=scheme)
    shown.open()
    with_error(shown)
    assert violations(shown.page) == []


def test_axe_finds_nothing_on_a_phone(tab, origin):
    shown = tab(origin, viewport=PHONE)
    shown.open()
    everything_open(shown)
    assert violations(shown.page) == []


def test_a_phone_has_nothing_to_scroll_sideways(tab, origin, picture):
    shown = tab(origin, viewport=PHONE, has_touch=True)
    shown.open()
    everything_open(shown)
    for chosen in EXAMPLES:
        shown.open_example(chosen)
        with_findings(shown)
        assert shown.page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
        shown.page.evaluate("() => scrollTo(0, 0)")
        picture(shown.page, f"phone-{chosen.name}")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_both_schemes_are_what_they_say(tab, origin, picture, scheme):
    shown = tab(origin, color_scheme=scheme, viewport={"width": 1200, "height": 1400})
    shown.open()
    shown.open_example(example("toy_net"))
    paper = sum(shown.page.evaluate(PAPER)[:3]) / 3
    assert (paper > 128) == (scheme == "light")
    picture(shown.page, f"page-{scheme}")
    with_findings(shown)
    picture(shown.part("compare-section"), f"compare-{scheme}")


def test_the_scheme_may_change_under_way(tab, origin):
    shown = tab(origin, color_scheme="light")
    shown.open()
    shown.page.emulate_media(color_scheme="dark")
    assert sum(shown.page.evaluate(PAPER)[:3]) / 3 < 128
    shown.shows(example("two_rows").request)


def test_a_wide_screen_is_used(tab, origin, picture):
    shown = tab(origin, viewport={"width": 1920, "height": 1080})
    shown.open()
    shown.open_example(example("digits"))
    assert shown.page.evaluate("() => document.documentElement.scrollWidth") <= 1920
    picture(shown.page, "wide-digits")
