"""Compare mode: a right gradient has no diagnosis, and a mistake has its own."""

from __future__ import annotations

import json

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.examples import EXAMPLES, example

CLASSIFIER = example("linear_classifier")
NET = example("toy_net")
MISTAKES = (
    "not_divided_by_n",
    "divided_twice",
    "label_not_subtracted",
    "sign_flipped",
    "transposed",
)


def codes(shown):
    return shown.part("finding").evaluate_all("found => found.map(f => f.dataset.code)")


def plant(shown, mistake):
    shown.part("mistake").select_option(mistake)
    shown.part("plant").click()
    expect(shown.part("verdict")).to_be_visible()


def test_a_right_gradient_has_no_diagnosis(shown):
    for chosen in EXAMPLES:
        shown.open_example(chosen)
        plant(shown, "none")
        expect(shown.part("verdict")).to_have_text("Your gradient is right.")
        assert codes(shown) == []


def test_the_mistakes_that_can_be_planted_are_these(shown):
    offered = shown.part("mistake").locator("option")
    assert offered.evaluate_all("all => all.map(o => o.value)") == ["none", *MISTAKES]


@pytest.mark.parametrize(
    ("name", "planted"),
    # N is not the number of rows where some are ignored.
    [("digits", MISTAKES), ("masks", MISTAKES[:-1])],
)
def test_a_planted_mistake_is_found(shown, name, planted):
    shown.open_example(example(name))
    for mistake in planted:
        plant(shown, mistake)
        expect(shown.part("verdict")).to_have_text("Your gradient is not ours.")
        assert codes(shown) == [mistake]


def test_a_forgotten_penalty_is_found_in_a_pasted_gradient(shown):
    shown.open_example(CLASSIFIER)
    request = CLASSIFIER.request
    h1 = np.array(request["h1"] if "h1" in request else request["x"])
    dw2 = h1.T @ np.array(shown.numbers("dscores"))
    shown.compare({"dW2": dw2.tolist()})
    assert codes(shown) == ["reg_missing"]


def test_a_bias_kept_as_rows_is_found_in_a_pasted_gradient(shown):
    shown.open_example(NET)
    shown.compare({"db2": shown.numbers("dscores")})
    assert codes(shown) == ["bias_not_summed"]


def test_worst_entries_and_our_own_verification_are_told(shown):
    plant(shown, "sign_flipped")
    findings = shown.part("findings")
    expect(findings.get_by_role("table")).to_be_visible()
    findings.locator("summary").click()
    expect(findings.locator("details li").first).to_contain_text("good")


def test_suspicious_numbers_are_not_called_wrong(shown):
    shown.compare((np.array(shown.numbers("dscores")) * (1 + 1e-3)).tolist())
    expect(shown.part("verdict")).to_contain_text("Nothing is wrong, but some of your numbers")
    expect(shown.part("findings").locator(".band").first).to_have_text("? suspicious")


@pytest.mark.parametrize(
    ("scores", "mistakes"),
    [
        # One row is divided by 1.
        ([[1, 2, 3]], ["not_divided_by_n", "divided_twice"]),
        ([[1]], ["transposed", "sign_flipped"]),
    ],
)
def test_a_mistake_that_changes_no_number_here_is_told_so(shown, scores, mistakes):
    shown.use_json(json.dumps({"scores": scores, "labels": [0]}))
    expect(shown.part("about")).to_have_text("Your own request.")
    shown.wait_until("ready")
    for mistake in mistakes:
        shown.part("mistake").select_option(mistake)
        shown.part("plant").click()
        expect(shown.part("harmless")).to_contain_text("divided by 1, that mistake changes no")
        expect(shown.part("verdict")).to_have_count(0)
    plant(shown, "none")
    expect(shown.part("verdict")).to_have_text("Your gradient is right.")


def test_an_edit_ends_a_comparison_that_is_under_way(shown):
    shown.page.route("**/v1/check", never_answered)
    with shown.page.expect_request("**/v1/check"):
        shown.part("plant").click()
    with shown.page.expect_event("requestfailed"):
        shown.score(0, 0).fill("7")
    shown.wait_until("ready")
    expect(shown.part("compare-error")).to_be_hidden()
    expect(shown.part("verdict")).to_have_count(0)


def never_answered(_):
    """Leave a request alone."""


def test_an_edit_takes_the_old_verdict_away(shown):
    plant(shown, "sign_flipped")
    shown.score(0, 0).fill("7")
    expect(shown.part("verdict")).to_have_count(0)
    shown.wait_until("ready")
    plant(shown, "none")
    expect(shown.part("verdict")).to_have_text("Your gradient is right.")


def test_what_cannot_be_compared_is_said_kindly(shown):
    shown.watch.expect_errors_of_service()
    for pasted in ("", "[[1, 2", "{}", '{"loss": null}', '{"dZ": [1]}', '"text"'):
        shown.part("own").fill(pasted)
        shown.part("compare").click()
        expect(shown.part("compare-error")).to_be_visible()
        assert "undefined" not in shown.part("compare-error").inner_text()
    shown.compare(shown.numbers("dscores"))
    expect(shown.part("compare-error")).to_be_hidden()
