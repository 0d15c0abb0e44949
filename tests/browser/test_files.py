"""Files of people: what NumPy and JSON write, chosen and dropped."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
from playwright.sync_api import FilePayload, expect

from lossgrad.codecs.base64_arrays import to_object
from tests.browser.examples import example

RNG = np.random.default_rng(5)
SCORES = RNG.normal(size=(3, 4)).astype(np.float32)
LABELS = np.array([3, 0, 1])
REQUEST = {"scores": SCORES.tolist(), "labels": LABELS.tolist()}
DROP = """([name, bytes]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
    document.body.dispatchEvent(new DragEvent("drop", {bubbles: true, dataTransfer}));
}"""


def choose(shown, name, content):
    shown.part("file").set_input_files(FilePayload(name=name, mimeType="", buffer=content))


def drop(shown, name, content):
    shown.page.evaluate(DROP, [name, list(content)])


def written(save, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


FILES = {
    "stored.npz": written(np.savez, scores=SCORES, labels=LABELS),
    "compressed.npz": written(np.savez_compressed, scores=SCORES, labels=LABELS),
    "fortran.npz": written(np.savez, scores=np.asfortranarray(SCORES), labels=LABELS.astype("u1")),
    "double.npz": written(np.savez, scores=SCORES.astype(">f8"), labels=LABELS.astype(">i4")),
    "request.json": json.dumps(REQUEST).encode(),
}


@pytest.mark.parametrize("give", [choose, drop])
def test_files_are_shown_as_the_service_answers_them(shown, give):
    for name, content in FILES.items():
        give(shown, name, content)
        expect(shown.part("about")).to_have_text(f"From {name}.")
        shown.wait_until("ready")
        shown.shows(REQUEST)
        assert shown.part("example").input_value() == ""


def test_a_file_of_the_same_name_can_be_chosen_again(shown):
    choose(shown, "request.json", FILES["request.json"])
    expect(shown.part("about")).to_have_text("From request.json.")
    changed = {**REQUEST, "labels": [0, 0, 0]}
    choose(shown, "request.json", json.dumps(changed).encode())
    expect(shown.score(0, 4)).to_have_value("0")
    shown.wait_until("ready")
    shown.shows(changed)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.npz", FILES["compressed.npz"][:90]),
        ("none.npz", b"no archive"),
        ("text.npy", b"no array"),
        ("objects.npz", written(np.savez, scores=np.array([{}], dtype=object))),
        ("broken.json", b'{"scores": [[1, 2'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_said_kindly_and_the_page_lives_on(shown, name, content):
    before = shown.loss
    drop(shown, name, content)
    expect(shown.part("error")).to_be_visible()
    assert "undefined" not in shown.part("error").inner_text()
    assert shown.loss == before
    choose(shown, "request.json", FILES["request.json"])
    expect(shown.part("about")).to_have_text("From request.json.")
    shown.wait_until("ready")
    expect(shown.part("error")).to_be_hidden()


ROW_GRADIENTS = np.full((3, 4), 0.25) - np.eye(4)[LABELS]
"""Of equal scores, where nobody divided by N."""

BATCH = {"scores": np.zeros((3, 4)), "labels": LABELS}
CHECKS = {
    "check.json": json.dumps(
        {
            **{name: array.tolist() for name, array in BATCH.items()},
            "gradients": {"dScores": ROW_GRADIENTS.tolist(), "loss": math.log(4), "probs": None},
        }
    ).encode(),
    "base64.json": json.dumps(
        {
            **{name: to_object(array) for name, array in BATCH.items()},
            "gradients": {"dscores": to_object(ROW_GRADIENTS), "loss": math.log(4)},
        }
    ).encode(),
    "check.npz": written(np.savez, **BATCH, dscores=ROW_GRADIENTS, loss=math.log(4)),
    "options.npz": written(
        np.savez_compressed, **BATCH, dScores=ROW_GRADIENTS, loss="softmax", reduction="mean"
    ),
}


@pytest.mark.parametrize("give", [choose, drop])
def test_a_file_of_a_check_is_shown_and_compared(shown, give):
    for name, content in CHECKS.items():
        give(shown, name, content)
        expect(shown.part("about")).to_have_text(
            f"From {name}; its numbers are compared with ours below."
        )
        expect(shown.part("verdict")).to_have_text("Your gradient is not ours.")
        expect(shown.part("finding")).to_have_attribute("data-code", "not_divided_by_n")
        shown.wait_until("ready")
        shown.shows({name: array.tolist() for name, array in BATCH.items()})
        bands = shown.part("findings").locator(".comparison .band")
        expect(bands).to_have_text(["✓ good", "✗ wrong"] if "options" not in name else ["✗ wrong"])
        shown.open_example(example("two_rows"))
        expect(shown.part("verdict")).to_have_count(0)


def test_a_request_with_gradients_can_be_pasted(shown):
    shown.use_json(CHECKS["check.json"].decode())
    expect(shown.part("about")).to_have_text(
        "Your own request; its numbers are compared with ours below."
    )
    expect(shown.part("finding")).to_have_attribute("data-code", "not_divided_by_n")


def test_numbers_without_their_batch_are_told_where_they_go(shown):
    drop(shown, "own.npz", written(np.savez, dw2=ROW_GRADIENTS))
    expect(shown.part("error")).to_contain_text("only numbers to compare")


def test_own_gradients_are_taken_from_a_file(shown):
    choose(shown, "request.json", FILES["request.json"])
    expect(shown.part("about")).to_have_text("From request.json.")
    shown.wait_until("ready")
    gradient = np.array(shown.numbers("dscores"))
    file = FilePayload(name="own.npz", mimeType="", buffer=written(np.savez, dScores=gradient))
    shown.page.get_by_label("Your gradient as .npz or .npy").set_input_files(file)
    expect(shown.part("own")).not_to_have_value("")
    shown.part("compare").click()
    expect(shown.part("verdict")).to_have_text("Your gradient is right.")
