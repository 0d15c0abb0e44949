"""The messages are those of the protocol, in a pool of their own."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

from lossgrad_service.open_inference import messages

NUMBERS = {
    "ModelInferRequest": {
        "model_name": 1,
        "model_version": 2,
        "id": 3,
        "parameters": 4,
        "inputs": 5,
        "outputs": 6,
        "raw_input_contents": 7,
    },
    "ModelInferRequest.InferInputTensor": {
        "name": 1,
        "datatype": 2,
        "shape": 3,
        "parameters": 4,
        "contents": 5,
    },
    "ModelInferRequest.InferRequestedOutputTensor": {"name": 1, "parameters": 2},
    "ModelInferResponse": {
        "model_name": 1,
        "model_version": 2,
        "id": 3,
        "parameters": 4,
        "outputs": 5,
        "raw_output_contents": 6,
    },
    "ModelInferResponse.InferOutputTensor": {
        "name": 1,
        "datatype": 2,
        "shape": 3,
        "parameters": 4,
        "contents": 5,
    },
    "InferParameter": {
        "bool_param": 1,
        "int64_param": 2,
        "string_param": 3,
        "double_param": 4,
        "uint64_param": 5,
    },
    "InferTensorContents": {
        "bool_contents": 1,
        "int_contents": 2,
        "int64_contents": 3,
        "uint_contents": 4,
        "uint64_contents": 5,
        "fp32_contents": 6,
        "fp64_contents": 7,
        "bytes_contents": 8,
    },
    "ModelMetadataResponse": {"name": 1, "versions": 2, "platform": 3, "inputs": 4, "outputs": 5},
    "ModelMetadataResponse.TensorMetadata": {"name": 1, "datatype": 2, "shape": 3},
    "ServerMetadataResponse": {"name": 1, "version": 2, "extensions": 3},
    "ServerLiveResponse": {"live": 1},
    "ServerReadyResponse": {"ready": 1},
    "ModelReadyRequest": {"name": 1, "version": 2},
    "ModelReadyResponse": {"ready": 1},
    "ModelMetadataRequest": {"name": 1, "version": 2},
}
"""As KServe and Triton publish them."""

SECOND_PACKAGE = dedent(
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="grpc_service.proto", package="inference")
    file.message_type.add(name="ModelInferRequest").field.add(
        name="model_name", number=1, type=9, label=1
    )
    file.service.add(name="GRPCInferenceService")
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    theirs = message_factory.GetMessageClass(
        pool.FindMessageTypeByName("inference.ModelInferRequest")
    )
    """
)
"""What tritonclient, kserve and mlserver each do when they are imported."""

OURS = dedent(
    """
    import lossgrad
    import lossgrad_service.server
    from lossgrad_service.open_inference.messages import ModelInferRequest as ours
    """
)

AGREEING = 'assert theirs.FromString(ours(model_name="a").SerializeToString()).model_name == "a"\n'


def test_numbers_are_the_protocols():
    for name, numbers in NUMBERS.items():
        described = messages.POOL.FindMessageTypeByName(f"inference.{name}")
        assert {field.name: field.number for field in described.fields} == numbers, name


def test_methods_are_the_protocols():
    service = messages.POOL.FindServiceByName(messages.SERVICE_NAME)
    assert sorted(service.methods_by_name) == [
        *("ModelInfer", "ModelMetadata", "ModelReady"),
        *("ServerLive", "ServerMetadata", "ServerReady"),
    ]


def test_another_package_of_the_name_may_come_first_or_second():
    for lines in (SECOND_PACKAGE + OURS, OURS + SECOND_PACKAGE):
        subprocess.run([sys.executable, "-W", "error", "-c", lines + AGREEING], check=True)
