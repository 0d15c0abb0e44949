"""What is copied: it runs elsewhere, and answers the same."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.examples import EXAMPLES
from tests.running import PATIENCE_SECONDS
from tests.service.web import call, compute

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


@pytest.fixture
def shown(tab, origin):
    fresh = tab(origin, **CLIPBOARD)
    fresh.open()
    return fresh


def copied(shown, form):
    """Press a button, and return what is then on the clipboard and in the field below."""
    shown.part(f"copy-{form.lower()}").click()
    expect(shown.page.get_by_text(f"Copied as {form}.")).to_be_visible()
    text = shown.page.evaluate("() => navigator.clipboard.readText()")
    assert text == shown.part("copy-text").input_value()
    return text


def sent_by_curl(command):
    """Return what a command line of curl would be answered."""
    name, url, *options = shlex.split(command.replace("\\\n", ""))
    assert name == "curl"
    given = dict(zip(options[::2], options[1::2], strict=True))
    header, _, value = given.pop("-H").partition(": ")
    answer = call(url, given.pop("-d").encode(), {header: value})
    assert not given
    return answer


def test_json_and_curl_send_what_is_shown(shown):
    for chosen in EXAMPLES:
        shown.open_example(chosen)
        for answer in (
            compute(shown.origin, json.loads(copied(shown, "JSON"))),
            sent_by_curl(copied(shown, "curl")),
        ):
            assert answer.status == 200, answer.text
            assert answer.json["loss"] == shown.loss


def test_python_runs_and_prints_the_loss_that_is_shown(shown):
    shown.open_example(next(chosen for chosen in EXAMPLES if chosen.name == "masks"))
    shown.page.get_by_label("temperature, exactly").fill("2")
    shown.page.get_by_label("label smoothing, exactly").focus()
    shown.wait_until("ready")
    program = copied(shown, "Python") + "print(repr(float(result.loss)))\n"
    assert "-inf" in program
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        check=False, capture_output=True, text=True, timeout=PATIENCE_SECONDS,
        env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.splitlines()[-1]) == shown.loss


def test_where_the_clipboard_is_closed_the_text_is_there_to_copy(tab, origin):
    shown = tab(origin)
    shown.open()
    shown.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    shown.part("copy-json").click()
    expect(shown.page.get_by_text("copy it from the field below")).to_be_visible()
    assert "scores" in json.loads(shown.part("copy-text").input_value())
