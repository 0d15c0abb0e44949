"""Inference by the Open Inference Protocol holds bytes of the budget as all calls do."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from tests.admission.gates import MEBIBYTE
from tests.open_inference.ports import Grpc, Refused, Rest, body

CALL = {"scores": np.zeros((4, 3), np.float32), "labels": np.zeros(4, int)}
PATH = "/v2/models/softmax_loss/infer"


@pytest.fixture(params=["gRPC", "REST"])
def port(request, gated):
    opened = Grpc(gated.running.grpc) if request.param == "gRPC" else Rest(gated.running.http)
    with closing(opened):
        yield opened


def test_calls_without_room_are_busy(port, gated):
    full = gated.fill()
    with pytest.raises(Refused, match="not free now") as refused:
        port.infer(CALL)
    assert refused.value.code in ("RESOURCE_EXHAUSTED", 429)
    gated.empty(full)
    port.infer(CALL)
    gated.until_free()


def test_who_is_busy_says_when_to_come_again(gated):
    full = gated.fill()
    with closing(Rest(gated.running.http)) as rest:
        answer = rest.call("POST", PATH, *body(CALL))
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) >= 1
    gated.empty(full)


def test_integers_in_fields_have_room_before_they_are_read(serve):
    gated = serve(admission_bytes=32 * MEBIBYTE)
    labels = np.zeros(2 * MEBIBYTE, np.int32)
    sent = {"scores": np.zeros((1, 1)), "labels": labels}
    with closing(Grpc(gated.running.grpc)) as port, pytest.raises(Refused) as refused:
        port.infer(sent, is_typed=True)
    assert refused.value.code == "OUT_OF_RANGE"
    gated.until_free()


def test_values_of_json_have_room_before_they_are_read(serve):
    gated = serve(admission_bytes=32 * MEBIBYTE)
    values = np.zeros((2**19, 2))
    with closing(Rest(gated.running.http)) as rest, pytest.raises(Refused) as refused:
        rest.infer({"scores": values, "labels": np.zeros(2**19, int)}, is_binary=False)
    assert refused.value.code == 413
    gated.until_free()
