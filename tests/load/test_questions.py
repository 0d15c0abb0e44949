"""What users ask is answered rightly, and a wrong answer is noticed."""

from __future__ import annotations

import json

import pytest

import lossgrad
from load.questions import question
from load.workloads import WORKLOADS

NAMES = sorted({name for workload in WORKLOADS.values() for name in workload.questions})


@pytest.mark.parametrize("name", NAMES)
def test_right_answer_is_taken_and_a_wrong_one_is_not(name):
    asked = question(name)
    with lossgrad.Client("local:") as client:
        loss = client.compute(**asked.arguments).loss
    assert asked.complaint(loss) is None
    complaint = asked.complaint(loss * (1 + 1e-6))
    assert complaint is not None
    assert name in complaint


def test_only_the_largest_is_streamed():
    assert [name for name in NAMES if question(name).is_streamed] == ["language"]


@pytest.mark.parametrize(("name", "kind"), [("tiny", list), ("imagenet", dict)])
def test_bodies_are_json(name, kind):
    body = json.loads(question(name).body)
    assert all(isinstance(body[each], kind) for each in ("labels", "h1", "scores") if each in body)
    assert body["encoding"] == ("list" if kind is list else "base64")
