"""gRPC as a stranger uses it: generated messages, stock status details."""

from __future__ import annotations

import re

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from lossgrad.v1 import lossgrad_pb2 as pb
from lossgrad_service import core
from tests.running import channel_to, running_server

COMPUTE = "/lossgrad.v1.LossGradService/Compute"


def stub(channel, method="Compute", request=pb.ComputeRequest, reply=pb.ComputeResponse):
    return channel.unary_unary(
        f"/lossgrad.v1.LossGradService/{method}", request.SerializeToString, reply.FromString
    )


def tensor(array, dtype):
    return pb.Tensor(dtype=dtype, shape=array.shape, data=array.tobytes())


def two_rows():
    return pb.ComputeRequest(
        scores=tensor(np.array([[1, 2, 3], [0, 0, 0]], "<f4"), pb.DTYPE_F32),
        labels=tensor(np.array([2, 0], "<i8"), pb.DTYPE_I64),
    )


def detail(error, kind):
    status = rpc_status.from_call(error)
    [packed] = status.details
    unpacked = kind()
    assert packed.Unpack(unpacked)
    return unpacked


def test_stock_messages_get_an_answer(channel):
    answer = stub(channel)(two_rows())
    expected = (np.log(np.exp([-2, -1, 0]).sum()) + np.log(3)) / 2
    assert answer.loss == pytest.approx(expected, rel=1e-6)
    assert answer.n_rows == 2
    dscores = np.frombuffer(answer.dscores.data, "<f4").reshape(answer.dscores.shape)
    assert dscores.sum(axis=1) == pytest.approx([0, 0], abs=1e-7)
    assert not answer.HasField("probs")


def test_info_tells_limits(channel):
    ask = stub(channel, "GetServerInfo", pb.GetServerInfoRequest, pb.GetServerInfoResponse)
    answer = ask(pb.GetServerInfoRequest())
    assert answer.limits.max_request_bytes == 64 * 2**20
    assert pb.LOSS_HINGE in answer.losses
    assert answer.uptime_seconds > 0


def test_trailing_metadata_has_timing_and_the_callers_request_id(channel):
    _, call = stub(channel).with_call(two_rows(), metadata=[("x-request-id", "mine-1")])
    metadata = dict(call.trailing_metadata())
    assert metadata["x-request-id"] == "mine-1"
    stages = re.findall(r"(\w+);dur=[\d.]+", metadata["server-timing"])
    assert stages == ["decode", "compute", "encode"]


@pytest.mark.parametrize("sent", ["", "with space", "x" * 129])
def test_odd_request_id_is_replaced(channel, sent):
    _, call = stub(channel).with_call(two_rows(), metadata=[("x-request-id", sent)])
    assert re.fullmatch("[0-9a-f]{32}", dict(call.trailing_metadata())["x-request-id"])


def test_wrong_field_is_a_bad_request_detail(channel):
    request = two_rows()
    request.label_smoothing = 2
    with pytest.raises(grpc.RpcError) as caught:
        stub(channel)(request)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    [violation] = detail(caught.value, error_details_pb2.BadRequest).field_violations
    assert violation.field == "label_smoothing"
    assert "[0, 1], got 2.0" in violation.description
    assert "x-request-id" in dict(caught.value.trailing_metadata())


@pytest.mark.parametrize("method", ["Compute", "GetServerInfo"])
def test_malformed_message_is_invalid_argument(channel, method):
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(f"/lossgrad.v1.LossGradService/{method}")(b"\xff\xff\xff")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_unknown_method_is_unimplemented(channel):
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/lossgrad.v1.LossGradService/Nope")(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_limits_are_kept_and_named():
    with (
        running_server(max_request_bytes=1000, max_response_bytes=23) as small,
        channel_to(small.grpc) as channel,
    ):
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(COMPUTE)(bytes(1001))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        with pytest.raises(grpc.RpcError) as caught:
            stub(channel)(two_rows())
        assert caught.value.code() is grpc.StatusCode.OUT_OF_RANGE
        assert "24 bytes" in caught.value.details()
        info = detail(caught.value, error_details_pb2.ErrorInfo)
        assert info.metadata["limit"] == "max_response_bytes"


def test_bug_is_internal_and_tells_nothing(channel, monkeypatch, caplog):
    def broken(_problem, **_):
        raise RuntimeError("secret")

    monkeypatch.setattr(core, "compute", broken)
    with pytest.raises(grpc.RpcError) as caught:
        stub(channel)(two_rows(), metadata=[("x-request-id", "bug-7")])
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in caught.value.details()
    assert detail(caught.value, error_details_pb2.RequestInfo).request_id == "bug-7"
    [record] = caplog.records
    assert "bug-7" in record.getMessage()
    assert "secret" in str(record.exc_info)
