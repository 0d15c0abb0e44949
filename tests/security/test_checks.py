"""Checks are refused as computations are, and so are a caller's own numbers that are none."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from lossgrad.codecs.proto_checks import encode_check_request
from lossgrad.codecs.wire import LENGTH, bytes_field, tag
from lossgrad.types import CheckRequest
from tests.security import forms, good
from tests.security.cases import gradients
from tests.security.damage import damaged, truncations
from tests.security.endpoints import Checking, Endpoints
from tests.security.rows import CLIENT, GRPC, JSON, LISTS, STREAM, Body
from tests.security.table import CALLS, TABLE
from tests.security.test_table import INTERNALS, LARGEST_ANSWER, LONGEST_TEXT, is_named

SPOILED = 400

OTHERWISE = {
    "shapes: small h1 and w2 with a huge product",
    "shapes: small h1 and w2 with a huge product, streamed",
    "fields: an answer over the limit",
    "fields: a row's answer over the limit",
    "values: h1·w2 that overflows float32",
}
"""Rows that are no mistake in a check, computed in float64, or where it refuses `want` first."""

REFUSED = [
    (name, endpoint) for name, endpoint in CALLS if endpoint != STREAM and name not in OTHERWISE
]
OWN = [(name, endpoint) for name, row in gradients.ROWS.items() for endpoint in row.sent]
OF_ONE = good.CALL | {"gradients": {"dscores": good.SCORES, "loss": 1.0}}


class OwnNumbers(Checking):
    """Checks whose messages are whole."""

    def _send_unary(self, message: bytes):
        return Endpoints._send_unary(self, message)


@pytest.fixture(scope="module")
def checking(served):
    with closing(Checking(served.addresses)) as endpoints:
        yield endpoints


@pytest.fixture(scope="module")
def own_numbers(served):
    with closing(OwnNumbers(served.addresses)) as endpoints:
        yield endpoints


def assert_refused(row, answer, endpoint):
    assert answer.code == row.refused.over(endpoint), answer
    assert is_named(row.field, answer.named), answer
    assert answer.longest <= LONGEST_TEXT
    assert endpoint == CLIENT or answer.size <= LARGEST_ANSWER
    assert not INTERNALS.search(answer.text), answer.text


@pytest.mark.parametrize(("name", "endpoint"), REFUSED, ids=lambda each: each)
def test_a_bad_problem(checking, name, endpoint):
    row = TABLE[name]
    assert_refused(row, checking.send(endpoint, row.sent[endpoint]), endpoint)


@pytest.mark.parametrize(("name", "endpoint"), OWN, ids=lambda each: each)
def test_bad_numbers(own_numbers, name, endpoint):
    row = gradients.ROWS[name]
    assert_refused(row, own_numbers.send(endpoint, row.sent[endpoint]), endpoint)


def test_small_inputs_with_a_huge_product(own_numbers):
    tall = {
        "h1": np.ones((4096, 1), np.float32),
        "w2": np.ones((1, 4096), np.float32),
        "labels": np.zeros(4096, np.int64),
    }
    sent = bytes_field(tag(1, LENGTH), forms.unary(tall))
    assert own_numbers.send(GRPC, sent).named == ("max_check_entries",)


@pytest.mark.parametrize("endpoint", [name for name in good.SENT if name != STREAM])
def test_good_ones_are_answered_after_all_that(checking, endpoint):
    loss = checking.send(endpoint, good.SENT[endpoint]).loss
    assert loss == pytest.approx(good.LOSS, rel=1e-15)


def test_spoiled_messages(own_numbers):
    message = encode_check_request(CheckRequest.of(good.CALL, OF_ONE["gradients"]))
    assert own_numbers.send(GRPC, message).code == "OK"
    sent = [*truncations(message), *damaged(message, SPOILED, seed=11)]
    codes = {own_numbers.send(GRPC, each).code for each in sent}
    assert codes <= {"OK", "INVALID_ARGUMENT", "OUT_OF_RANGE"}


def test_spoiled_bodies(own_numbers):
    text = gradients.text('{"dScores": [[1, 2, 3], [4, 5, 6]], "loss": "NaN"}').content
    assert own_numbers.send(LISTS, Body(text, JSON)).code == 200
    sent = [*truncations(text), *damaged(text, SPOILED, seed=12)]
    assert {own_numbers.send(LISTS, Body(each, JSON)).code for each in sent} <= {200, 400, 413}
