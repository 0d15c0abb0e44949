"""Bad input over the Open Inference Protocol: its exact code, its field, few words, no harm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial

import numpy as np
import pytest

from tests.open_inference.ports import Grpc, Refused, Rest, body, request
from tests.security import good
from tests.security.cases.inference import BODIES, GOOD, MESSAGES, Bad
from tests.security.damage import damaged, truncations
from tests.security.rows import BASE64, CLIENT, GRPC, INVALID
from tests.security.table import TABLE
from tests.security.test_table import INTERNALS, LONGEST_TEXT, is_named

SPOILED = 300

PATH = "/v2/models/linear_softmax_loss/infer"


def fits(arguments: dict[str, object]) -> bool:
    """Whether a call can be said in this protocol."""
    said = np.ndarray | bool | int | float | str
    return all(name != "want" and isinstance(value, said) for name, value in arguments.items())


SHARED = {
    name: row
    for name, row in TABLE.items()
    if row.refused == INVALID
    and {CLIENT, GRPC, BASE64} <= row.sent.keys()
    and fits(row.sent[CLIENT])
}
"""Rows of the table that every transport can be given, so that this one can."""


@pytest.fixture(scope="module")
def over_grpc(served) -> Iterator[Grpc]:
    with closing(Grpc(served.addresses["gRPC"])) as port:
        yield port


@pytest.fixture(scope="module")
def rest(served) -> Iterator[Rest]:
    with closing(Rest(served.addresses["HTTP"])) as port:
        yield port


@pytest.fixture(scope="module")
def loss(over_grpc):
    [found] = over_grpc.infer(good.CALL).outputs["loss"]
    assert found == pytest.approx(good.LOSS, rel=1e-15)
    return found


def refusal(over_grpc: Grpc, rest: Rest, bad: Bad) -> Refused:
    """Return how what is bad is refused."""
    if isinstance(bad.sent, bytes):
        send = partial(over_grpc.send, "ModelInfer", bad.sent)
    else:
        send = partial(rest.post, *bad.sent)
    with pytest.raises(Refused) as refused:
        send()
    return refused.value


def assert_kind(refused: Refused) -> None:
    assert len(refused.text.encode()) <= LONGEST_TEXT
    assert not INTERNALS.search(refused.text), refused.text


@pytest.mark.parametrize(
    "bad",
    [*MESSAGES.values(), *BODIES.values()],
    ids=[*(f"gRPC: {name}" for name in MESSAGES), *(f"REST: {name}" for name in BODIES)],
)
def test_refusal(over_grpc, rest, loss, bad):
    refused = refusal(over_grpc, rest, bad)
    assert refused.code == bad.code, refused.text
    assert refused.text.startswith(bad.field), refused.text
    if bad.field and refused.code == "INVALID_ARGUMENT":
        assert bad.field in refused.fields
    assert_kind(refused)
    port = over_grpc if isinstance(bad.sent, bytes) else rest
    assert port.infer(good.CALL).outputs["loss"] == loss


def test_there_is_something_shared():
    assert len(SHARED) > 30


@pytest.mark.parametrize("name", SHARED)
def test_what_is_bad_anywhere_is_bad_here(over_grpc, rest, name):
    row = SHARED[name]
    for port in (over_grpc, rest):
        with pytest.raises(Refused) as refused:
            port.infer(row.sent[CLIENT])
        named = refused.value.fields or [refused.value.text.partition(":")[0]]
        assert refused.value.code in ("INVALID_ARGUMENT", 400)
        assert is_named(row.field, named), refused.value.text
        assert_kind(refused.value)


TYPED = request(good.CALL, is_typed=True, outputs=["loss"], id="a").SerializeToString()


@pytest.mark.parametrize("message", [GOOD, TYPED], ids=["raw", "typed"])
def test_damaged_messages(over_grpc, message):
    codes = set()
    for sent in [*truncations(message), *damaged(message, SPOILED, seed=11)]:
        try:
            over_grpc.send("ModelInfer", sent)
        except Refused as refused:
            codes.add(refused.code)
    assert codes <= {"INVALID_ARGUMENT", "UNIMPLEMENTED", "OUT_OF_RANGE"}


@pytest.mark.parametrize("is_binary", [True, False], ids=["bytes", "text"])
def test_damaged_bodies(rest, is_binary):
    content, headers = body(good.CALL, is_binary=is_binary)
    codes = set()
    for sent in [*truncations(content), *damaged(content, SPOILED, seed=12)]:
        codes.add(rest.call("POST", PATH, sent, headers).status)
    assert codes <= {200, 400, 413}


def test_answers_over_the_limit(over_grpc, rest):
    wide = {"scores": np.zeros((2, 40_000)), "labels": good.LABELS}
    for port, code in ((over_grpc, "OUT_OF_RANGE"), (rest, 413)):
        with pytest.raises(Refused, match="max_response_bytes") as refused:
            port.infer(wide, outputs=["dscores", "probs"])
        assert refused.value.code == code


def test_questions_that_are_none(over_grpc):
    for method in ("ServerLive", "ServerReady", "ServerMetadata", "ModelReady", "ModelMetadata"):
        for message in (b"\x0a", b"\x0a\x7fshort", b"\x0a\xff\x7f" + b"x" * 2**14):
            with pytest.raises(Refused) as refused:
                over_grpc.send(method, message)
            assert refused.value.code == "INVALID_ARGUMENT"
            assert_kind(refused.value)


def test_paths_that_are_none(rest):
    for name in ("%00", "a" * 2000, "..%2f..", "softmax_loss%0d%0aset-cookie:a"):
        answer = rest.call("GET", f"/v2/models/{name}", b"", {})
        assert answer.status == 404
        assert "set-cookie" not in answer.headers
        assert_kind(Refused(404, answer.json()["error"]))


def test_nothing_is_left_of_ids(rest):
    with suppress(Refused):
        rest.infer(good.CALL, id="a\nERROR root: forged")
    assert re.fullmatch("a", rest.infer(good.CALL, id="a").id)
