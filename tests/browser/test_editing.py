"""Numbers that are changed: everything follows, as the service has it."""

from __future__ import annotations

import pytest

from tests.browser.examples import example

TWO_ROWS = example("two_rows").request
NET = example("toy_net")


def with_score(row, column, value):
    scores = [list(line) for line in TWO_ROWS["scores"]]
    scores[row][column] = value
    return {**TWO_ROWS, "scores": scores}


def test_a_score_changes_loss_and_gradient(shown):
    before = shown.loss
    shown.score(0, 1).fill("2.5")
    shown.wait_until("ready")
    assert shown.loss != before
    shown.shows(with_score(0, 1, 2.5))


@pytest.mark.parametrize("typed", ["-inf", "−∞", "-Infinity"])
def test_a_mask_can_be_typed(shown, typed):
    label = TWO_ROWS["labels"][0]
    masked = 1 if label == 0 else 0
    shown.score(0, masked).fill(typed)
    shown.wait_until("ready")
    shown.shows(with_score(0, masked, "-Infinity"))


def test_a_label_changes_loss_and_gradient(shown):
    n_classes = len(TWO_ROWS["scores"][0])
    label = (TWO_ROWS["labels"][0] + 1) % n_classes
    shown.score(0, n_classes).fill(str(label))
    shown.wait_until("ready")
    shown.shows({**TWO_ROWS, "labels": [label, *TWO_ROWS["labels"][1:]]})


def test_what_is_no_number_is_marked_and_forgotten(shown):
    field = shown.score(0, 0)
    field.fill("two")
    assert field.get_attribute("aria-invalid") == "true"
    field.blur()
    assert field.get_attribute("aria-invalid") == "false"
    shown.shows(TWO_ROWS)


def test_options_change_loss_and_gradient(shown):
    shown.open_example(NET)
    for name, value in (
        ("temperature", "2"),
        ("label smoothing", "0.1"),
        ("regularisation", "0.5"),
    ):
        shown.page.get_by_label(f"{name}, exactly").fill(value)
        shown.page.get_by_label(f"{name}, exactly").press("Enter")
    shown.part("reg_convention").select_option("full")
    shown.wait_until("ready")
    options = {"temperature": 2, "label_smoothing": 0.1, "reg": 0.5, "reg_convention": "full"}
    shown.shows({**NET.request, **options})


def test_typing_fast_ends_with_the_last_number(shown):
    for typed in ("1", "12", "12.", "12.5"):
        shown.score(1, 2).fill(typed)
    shown.wait_until("ready")
    shown.shows(with_score(1, 2, 12.5))
