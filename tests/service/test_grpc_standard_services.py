"""Health checking and server reflection."""

from __future__ import annotations

from queue import Queue

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from tests.running import channel_to, running_server

SERVICE = "lossgrad.v1.LossGradService"


@pytest.mark.parametrize("name", ["", SERVICE])
def test_health_is_serving(channel, name):
    stub = health_pb2_grpc.HealthStub(channel)
    answer = stub.Check(health_pb2.HealthCheckRequest(service=name))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_health_of_an_unknown_service(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(health_pb2.HealthCheckRequest(service="nope"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_reflection_lists_services(channel):
    found = ProtoReflectionDescriptorDatabase(channel).get_services()
    assert set(found) == {
        SERVICE,
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
        "inference.GRPCInferenceService",
    }


def test_reflection_describes_the_contract(channel):
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    service = pool.FindServiceByName(SERVICE)
    assert service.file.name == "lossgrad/v1/lossgrad.proto"
    request = service.methods_by_name["Compute"].input_type
    assert request.fields_by_name["scores"].number == 1


def test_reflection_describes_the_open_inference_protocol(channel):
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    service = pool.FindServiceByName("inference.GRPCInferenceService")
    request = service.methods_by_name["ModelInfer"].input_type
    assert request.fields_by_name["raw_input_contents"].number == 7


def states(watch):
    return [health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status) for answer in watch]


def test_end_of_a_server_does_not_wait_for_who_watches_its_health():
    """The grace is longer than what `running_server` waits for the server's end."""
    with running_server(shutdown_grace_seconds=3600) as running:
        channel = channel_to(running.grpc)
        watch = health_pb2_grpc.HealthStub(channel).Watch
        watches = [watch(health_pb2.HealthCheckRequest()) for _ in "ab"]
        firsts = [next(watch) for watch in watches]
    with channel:
        assert states(firsts) == ["SERVING"] * 2
        assert [states(watch) for watch in watches] == [["NOT_SERVING"]] * 2


def test_watch_of_an_unknown_service(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    watch = stub.Watch(health_pb2.HealthCheckRequest(service="nope"))
    assert states([next(watch)]) == ["SERVICE_UNKNOWN"]
    watch.cancel()


def test_end_of_a_server_does_not_wait_for_who_asks_reflection():
    question = reflection_pb2.ServerReflectionRequest(list_services="")
    questions = Queue()
    questions.put(question)
    with running_server(shutdown_grace_seconds=3600) as running:
        channel = channel_to(running.grpc)
        ask = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
        answers = ask(iter(questions.get, None))
        assert next(answers).list_services_response.service
    with channel:
        assert list(answers) == []
        questions.put(None)
