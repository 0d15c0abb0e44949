"""Calls of the protocol are counted, logged, timed and given up as all others are."""

from __future__ import annotations

from contextlib import closing

import grpc
import numpy as np
import pytest

from lossgrad.codecs.request_timeout import HEADER
from lossgrad_service.open_inference import messages
from tests.admission.gates import until
from tests.metrics.reading import value_in
from tests.open_inference.ports import Grpc, Refused, Rest, body, request
from tests.running import running_server
from tests.service.under_way import ENDED, GIVEN_UP, LARGE, SOON, watched
from tests.service.web import call

CALL = {"scores": np.zeros((3, 2), np.float32), "labels": np.zeros(3, int)}
BAD = {**CALL, "temperature": -1.0}


@pytest.fixture(scope="module")
def running():
    with running_server() as started:
        yield started


def count(running, name="lossgrad_requests_total", **labels):
    return value_in(call(f"{running.http}/metrics").text, name, **labels)


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_each_method_is_counted_by_its_name(running, transport):
    port = Grpc(running.grpc) if transport == "grpc" else Rest(running.http)
    port.infer(CALL)
    with pytest.raises(Refused):
        port.infer(BAD)
    way = {"method": "ModelInfer", "transport": transport}
    until(lambda: count(running, **way, code="OK") == 1)
    until(lambda: count(running, **way, code="INVALID_ARGUMENT") == 1)
    assert count(running, "lossgrad_rows_total", **way) == 3
    assert count(running, "lossgrad_received_bytes_total", **way) > 48
    assert count(running, "lossgrad_sent_bytes_total", **way) > 24
    for phase in ("decode", "compute", "encode"):
        assert count(running, "lossgrad_phase_duration_seconds_sum", **way, phase=phase) > 0
    port.close()


def test_questions_are_counted_and_probes_are_not(running):
    over_grpc, rest = Grpc(running.grpc), Rest(running.http)
    for method in ("ServerMetadata", "ServerLive", "ServerReady"):
        over_grpc.ask(method)
    for method in ("ModelMetadata", "ModelReady"):
        over_grpc.ask(method, name="softmax_loss")
    for path in ("", "/health/live", "/health/ready", "/models/softmax_loss"):
        rest.get(f"/v2{path}")
    rest.get("/v2/models/softmax_loss/versions/1/ready")
    for transport in ("grpc", "http"):
        for method in ("ServerMetadata", "ModelMetadata", "ModelReady"):
            way = {"method": method, "transport": transport}
            until(lambda way=way: count(running, **way, code="OK") == 1)
        assert count(running, method="unknown", transport=transport, code="OK") == 0
    over_grpc.close()


def test_answers_tell_the_request_id_and_where_the_time_went(running):
    with grpc.insecure_channel(running.grpc) as channel:
        infer = channel.unary_unary(f"/{messages.SERVICE_NAME}/ModelInfer")
        _, ended = infer.with_call(
            request(CALL).SerializeToString(), metadata=[("x-request-id", "mine")]
        )
    told = dict(ended.trailing_metadata())
    content, headers = body(CALL)
    path = "/v2/models/softmax_loss/infer"
    answer = Rest(running.http).call("POST", path, content, {**headers, "x-request-id": "mine"})
    for found in (told, answer.headers):
        assert found["x-request-id"] == "mine"
        assert "compute" in found["server-timing"]


def infer_over_grpc(running):
    message = request(LARGE.problem.inputs).SerializeToString()
    with closing(Grpc(running.grpc)) as port:
        port.ask("ServerLive")  # connects: that is not in the call's time
        port.send("ModelInfer", message, timeout=SOON)


def infer_over_http(running):
    content, headers = body(LARGE.problem.inputs)
    with closing(Rest(running.http)) as port:
        port.post(content, {**headers, HEADER: str(SOON)})


@pytest.mark.parametrize(
    ("infer", "code", "ends"),
    [(infer_over_grpc, "DEADLINE_EXCEEDED", GIVEN_UP), (infer_over_http, 504, ENDED)],
)
def test_a_deadline_ends_what_is_under_way(running, monkeypatch, infer, code, ends):
    with watched(monkeypatch) as computations:
        with pytest.raises(Refused) as refused:
            infer(running)
        assert computations.begun.is_set()
        until(lambda: computations.raised)
    assert refused.value.code == code
    assert {type(error) for error in computations.raised} <= ends
