"""The messages of package ``inference``, in a descriptor pool of their own.

tritonclient, kserve and mlserver each register messages of these names in the default pool,
which takes a name once: whichever of them is imported second fails. These are in nobody's way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

SERVICE_NAME: Final = "inference.GRPCInferenceService"

FILE_NAME: Final = "inference/open_inference.proto"

POOL: Final = DescriptorPool()
"""Has nothing but these messages."""

_described = FileDescriptorSet.FromString(
    Path(__file__).with_name("open_inference.binpb").read_bytes()
)
for _file in _described.file:
    POOL.Add(_file)


def _message(name: str) -> Any:
    return GetMessageClass(POOL.FindMessageTypeByName(f"inference.{name}"))


ServerLiveRequest: Final = _message("ServerLiveRequest")
ServerLiveResponse: Final = _message("ServerLiveResponse")
ServerReadyRequest: Final = _message("ServerReadyRequest")
ServerReadyResponse: Final = _message("ServerReadyResponse")
ServerMetadataRequest: Final = _message("ServerMetadataRequest")
ServerMetadataResponse: Final = _message("ServerMetadataResponse")
ModelReadyRequest: Final = _message("ModelReadyRequest")
ModelReadyResponse: Final = _message("ModelReadyResponse")
ModelMetadataRequest: Final = _message("ModelMetadataRequest")
ModelMetadataResponse: Final = _message("ModelMetadataResponse")
InferTensorContents: Final = _message("InferTensorContents")
ModelInferRequest: Final = _message("ModelInferRequest")
ModelInferResponse: Final = _message("ModelInferResponse")
InferInputTensor: Final = ModelInferRequest.InferInputTensor
