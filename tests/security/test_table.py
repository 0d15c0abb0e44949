"""Every bad input over every endpoint that it fits: its exact code, its field, few words."""

from __future__ import annotations

import re

import pytest

import lossgrad
from tests.security import good
from tests.security.rows import CLIENT
from tests.security.table import CALLS, TABLE

LONGEST_TEXT = 1024
LARGEST_ANSWER = 4096

INTERNALS = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|/usr/|/home/|0x[0-9a-f]{6}|<class|object at"
    r"|\b(?:numpy|orjson|pydantic|fastapi|starlette|zlib|grpc|google|numba)\b"
    r"|\b[A-Z]\w+(?:Error|Exception)\b|input_value|errno"
)


@pytest.fixture(scope="module")
def loss():
    """The good call's loss, right to its last bits and always with the same ones."""
    with lossgrad.Client("local:") as client:
        found = client.compute(**good.CALL).loss
    assert found == pytest.approx(good.LOSS, rel=1e-15)
    return found


@pytest.mark.parametrize(("name", "endpoint"), CALLS, ids=lambda each: each)
def test_refusal(endpoints, loss, name, endpoint):
    row = TABLE[name]
    answer = endpoints.send(endpoint, row.sent[endpoint])
    assert answer.code == row.refused.over(endpoint), answer
    assert is_named(row.field, answer.named), answer
    assert answer.longest <= LONGEST_TEXT
    assert endpoint == CLIENT or answer.size <= LARGEST_ANSWER
    assert not INTERNALS.search(answer.text), answer.text
    assert endpoints.send(endpoint, good.SENT[endpoint]).loss == loss


def is_named(field, named):
    """Whether a field, or a part of it, is among those that were named."""
    return not field or any(re.match(rf"{re.escape(field)}(?:[.\[]|$)", each) for each in named)
