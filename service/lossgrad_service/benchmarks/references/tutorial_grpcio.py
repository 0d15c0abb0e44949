"""What one writes after gRPC's tutorial, with NumPy in it and messages of protobuf."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
from numpy.typing import NDArray

from lossgrad.v1.lossgrad_pb2 import ComputeRequest, ComputeResponse, Tensor
from lossgrad_service.benchmarks.references.echoed import UNLIMITED
from lossgrad_service.benchmarks.textbook import softmax_loss


def to_array(tensor: Tensor, dtype: type) -> NDArray[Any]:
    """Read a tensor."""
    return np.frombuffer(tensor.data, dtype).reshape(tensor.shape)


def to_tensor(array: NDArray[Any]) -> Tensor:
    """Write a tensor."""
    return Tensor(shape=array.shape, data=array.tobytes())


def compute(request: ComputeRequest, _: Any) -> ComputeResponse:
    """Answer a request."""
    labels = to_array(request.labels, np.int64)
    loss, dscores = softmax_loss(to_array(request.scores, np.float32), labels)
    response = ComputeResponse(loss=loss, dscores=to_tensor(dscores))
    if request.HasField("h1"):
        h1 = to_array(request.h1, np.float32)
        response.dw2.CopyFrom(to_tensor(h1.T @ dscores))
        response.db2.CopyFrom(to_tensor(dscores.sum(axis=0)))
    return response


def serve(tell: Callable[[str], None]) -> None:
    """Serve for ever."""
    handler = grpc.unary_unary_rpc_method_handler(
        compute, ComputeRequest.FromString, ComputeResponse.SerializeToString
    )
    methods = grpc.method_handlers_generic_handler("Tutorial", {"Compute": handler})
    server = grpc.server(ThreadPoolExecutor(max_workers=10), [methods], options=UNLIMITED)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    tell(f"127.0.0.1:{port}")
    server.wait_for_termination()
