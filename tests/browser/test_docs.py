"""The reference: from our own files, with examples that run."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations

FORMS = ".opblock-body"
"""Within an open call Swagger UI's own fields have no labels, and its greys are too pale."""


@pytest.fixture
def reference(tab, origin):
    shown = tab(origin)
    shown.page.goto(f"{origin}/docs")
    expect(shown.part("reference").locator(".opblock").first).to_be_visible()
    return shown


@pytest.mark.parametrize("path", ["/v1/compute", "/v1/check"])
def test_an_example_can_be_executed(reference, path):
    call = reference.page.locator(".opblock", has=reference.page.locator(f"[data-path='{path}']"))
    call.locator(".opblock-summary-control").click()
    with reference.page.expect_response(f"**{path}") as answered:
        call.get_by_role("button", name="Execute").click()
    assert answered.value.status == 200
    assert "loss" in json.loads(answered.value.text())
    expect(call.locator(".live-responses-table tbody .response-col_status").first).to_have_text(
        "200"
    )


def test_every_call_is_described(reference, picture):
    picture(reference.page, "docs")
    paths = reference.page.locator("[data-path]").evaluate_all(
        "all => all.map(o => o.dataset.path)"
    )
    described = json.loads(reference.page.request.get(f"{reference.origin}/openapi.json").text())
    assert sorted(paths) == sorted(
        path for path, methods in described["paths"].items() for _ in methods
    )


def test_axe_finds_nothing(reference):
    assert violations(reference.page) == []
    for path in ("/v1/compute", "/v1/check"):
        reference.page.locator(f"[data-path='{path}']").click()
    expect(reference.page.get_by_role("button", name="Execute")).to_have_count(2)
    assert violations(reference.page, without=[FORMS]) == []


def test_a_call_has_an_address_of_its_own(tab, origin, reference):
    reference.page.locator("[data-path='/v1/check']").click()
    reference.page.wait_for_url("**/docs#/*/*")
    other = tab(origin)
    other.page.goto(reference.page.url)
    expect(other.page.get_by_role("button", name="Execute")).to_have_count(1)


def test_the_way_back_leads_to_the_page(reference):
    reference.page.get_by_role("link", name="lossgrad", exact=True).click()
    reference.wait_until("ready")
