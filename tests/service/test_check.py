"""Checks as strangers ask for them, and as the gate sees them."""

from __future__ import annotations

import re

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

import lossgrad
from lossgrad.codecs.proto_checks import encode_check
from lossgrad.endpoints import CHECK
from lossgrad.errors import TooLarge
from lossgrad.types import CheckRequest
from lossgrad.v1 import lossgrad_pb2 as pb
from lossgrad_service import checking
from tests.running import channel_to, running_server
from tests.service.test_grpc import tensor, two_rows
from tests.service.web import check

TWO_ROWS = {"scores": [[1, 2, 3], [0, 0, 0]], "labels": [2, 0]}
DSCORES = np.array([[0.09003057, 0.24472847, -0.33475904], [-2 / 3, 1 / 3, 1 / 3]])
"""Not divided by the rows, which are two."""


def stub(channel):
    return channel.unary_unary(
        CHECK.rpc,
        pb.CheckGradientsRequest.SerializeToString,
        pb.CheckGradientsResponse.FromString,
    )


def test_stock_messages_get_an_answer(channel):
    own = pb.OwnGradients(dscores=tensor(DSCORES, pb.DTYPE_F64))
    answer, call = stub(channel).with_call(
        pb.CheckGradientsRequest(problem=two_rows(), gradients=own)
    )
    assert not answer.ok
    assert list(answer.diagnoses) == ["not_divided_by_n"]
    [comparison] = answer.comparisons
    assert (comparison.name, comparison.band) == (pb.OUTPUT_DSCORES, pb.BAND_WRONG)
    assert comparison.max_relative_error == pytest.approx(0.5)
    assert (comparison.n_entries, comparison.n_wrong) == (6, 6)
    assert list(comparison.shape) == list(comparison.expected_shape) == [2, 3]
    assert len(comparison.worst) == 6
    assert answer.findings[0].name == pb.OUTPUT_DSCORES
    stages = re.findall(r"(\w+);dur=", dict(call.trailing_metadata())["server-timing"])
    assert stages[0] == "decode"
    assert stages[-1] == "encode"


def test_json_gets_an_answer(running):
    answer = check(running.http, TWO_ROWS | {"gradients": {"dScores": DSCORES.tolist()}})
    assert answer.status == 200
    assert (answer.json["ok"], answer.json["diagnoses"]) == (False, ["not_divided_by_n"])
    [comparison] = answer.json["comparisons"]
    assert (comparison["name"], comparison["band"]) == ("dScores", "wrong")
    assert answer.headers["server-timing"].startswith("decode;dur=")


def test_an_answer_has_a_bound():
    many = {"scores": np.zeros((300, 300)), "labels": np.zeros(300, int)}
    own = {name: np.full((300, 300), 7.0) for name in ("dscores", "probs")}
    found = checking.check(CheckRequest.of(many, own | {"row_losses": np.ones(300)}))
    assert max(len(comparison.worst) for comparison in found.comparisons) == 8
    assert len(encode_check(found)) < 16 * 2**10


def test_a_message_that_is_too_large_is_not_told_to_stream():
    with running_server(max_request_bytes=1000) as small, channel_to(small.grpc) as channel:
        size = [("x-lossgrad-request-bytes", "1001")]
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(CHECK.rpc)(bytes(1001), metadata=size)
    info = error_details_pb2.ErrorInfo()
    assert rpc_status.from_call(caught.value).details[0].Unpack(info)
    assert info.metadata["limit"] == "max_request_bytes"
    assert "a check is one message and never a stream" in caught.value.details()


def test_what_a_check_computes_with_is_charged():
    batch = {"scores": np.zeros((500, 500), np.float16), "labels": np.zeros(500, int)}
    with running_server(admission_bytes=16 * 2**20) as small:
        for target in (small.grpc, small.http):
            with lossgrad.Client(target) as client:
                assert client.compute(**batch).n_rows == 500
                with pytest.raises(TooLarge) as caught:
                    client.check(**batch)
                assert caught.value.limit == "admission_bytes"
                assert client.check(**TWO_ROWS).ok


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_bug_is_internal_and_tells_nothing(running, monkeypatch, caplog, protocol):
    def broken(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(checking, "check", broken)
    client = lossgrad.Client(getattr(running, protocol))
    with client, pytest.raises(lossgrad.Internal) as caught:
        client.check(**TWO_ROWS)
    assert "secret" not in str(caught.value)
    assert caught.value.request_id in caplog.text
