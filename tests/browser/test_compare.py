"""Compare mode: a right gradient has no diagnosis, and a mistake has its own."""

from __future__ import annotations

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
