"""The reference: from our own files, with examples that run."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect


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


def test_the_way_back_leads_to_the_page(reference):
    reference.page.get_by_role("link", name="lossgrad", exact=True).click()
    reference.wait_until("ready")
