"""What the service refuses: told kindly, with its field, and the page lives on."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.access.files import entry
from tests.browser.examples import example
from tests.running import running_server

TWO_ROWS = example("two_rows")
N_CLASSES = len(TWO_ROWS.request["scores"][0])
TOKEN = "lossgrad_good"
NO_REQUESTS = {
    '{"scores": [[1, 2': "not JSON",
    '{"scores": [[1, NaN]], "labels": [0]}': "go in quotes",
    "[1, 2]": "a request is an object",
    "{}": "there are no scores",
    '{"scores": 3, "labels": 0}': "scores must be",
}
REFUSED_FIELDS = {"labels": [0], "temperature": -1, "lables": [0, 1], "class_weights": [1]}


@pytest.mark.parametrize(
    ("column", "typed", "told", "right"),
    [
        (
            N_CLASSES,
            "9",
            "labels must be in [0, 3); 1 label is not: row 0 has 9",
            TWO_ROWS.request["labels"][0],
        ),
        (0, "nan", "(0, 0) is nan", TWO_ROWS.request["scores"][0][0]),
        (0, "inf", "(0, 0) is inf", TWO_ROWS.request["scores"][0][0]),
    ],
)
def test_a_refused_number_is_named_marked_and_put_right(shown, column, typed, told, right):
    shown.watch.expect_errors_of_service()
    shown.score(0, column).fill(typed)
    shown.wait_until("refused")
    expect(shown.part("error")).to_contain_text(told)
    expect(shown.part("error").locator("code")).to_have_text("labels" if column else "scores")
    expect(shown.score(0, column)).to_have_attribute("aria-invalid", "true")
    shown.score(0, column).fill(str(right))
    shown.wait_until("ready")
    expect(shown.part("error")).to_be_hidden()
    shown.shows(TWO_ROWS.request)


def test_what_is_no_request_is_told_before_anything_is_lost(shown):
    for text, told in NO_REQUESTS.items():
        shown.use_json(text)
        expect(shown.part("error")).to_contain_text(told)
    shown.shows(TWO_ROWS.request)
    shown.use_json(json.dumps(TWO_ROWS.request))
    expect(shown.part("error")).to_be_hidden()


def test_a_refused_request_names_its_field(shown):
    shown.watch.expect_errors_of_service()
    for field, value in REFUSED_FIELDS.items():
        shown.use_json(json.dumps({**TWO_ROWS.request, field: value}))
        expect(shown.part("error").locator("code")).to_have_text(field)
        shown.wait_until("refused")
    shown.open_example(TWO_ROWS)
    shown.shows(TWO_ROWS.request)


def test_a_request_of_one_row_without_lists_of_lists_is_shown(shown):
    shown.use_json('{"scores": [1, 2, 3], "labels": 2}')
    expect(shown.part("about")).to_have_text("Your own request.")
    shown.wait_until("ready")
    assert len(shown.numbers("dscores")) == 1


def test_more_than_a_person_looks_at_is_told_so(shown):
    shown.use_json(json.dumps({"scores": [[0.0] * 101], "labels": [0]}))
    expect(shown.part("error")).to_contain_text("at most 100 classes")
    shown.shows(TWO_ROWS.request)


def test_a_key_is_asked_for_and_taken(tab, tmp_path):
    """The files come with a key that a proxy of the house might send; the calls with the page's."""
    keys = tmp_path / "keys.toml"
    keys.write_text(entry("a", TOKEN))
    with running_server(keys_file=keys) as guarded:
        shown = tab(guarded.http)
        shown.watch.expect_errors_of_service()
        shown.page.route("**/*", with_key_for_files)
        shown.page.goto(guarded.http)
        shown.wait_until("refused")
        expect(shown.part("error")).to_contain_text("asks for a key")
        shown.page.get_by_label("Key").fill(TOKEN)
        shown.page.get_by_label("Key").press("Enter")
        shown.wait_until("ready")
        expect(shown.part("error")).to_be_hidden()
        shown.part("mistake").select_option("none")
        shown.part("plant").click()
        expect(shown.part("verdict")).to_have_text("Your gradient is right.")


def with_key_for_files(route):
    if "/v1/" in route.request.url:
        return route.continue_()
    headers = {**route.request.headers, "authorization": f"Bearer {TOKEN}"}
    return route.continue_(headers=headers)
