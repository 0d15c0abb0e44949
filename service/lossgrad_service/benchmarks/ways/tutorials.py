"""The clients of the services that follow tutorials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import grpc
import numpy as np

from lossgrad.types import Array
from lossgrad.v1.lossgrad_pb2 import ComputeRequest, ComputeResponse
from lossgrad_service.benchmarks.references.echoed import UNLIMITED
from lossgrad_service.benchmarks.references.tutorial_grpcio import to_array, to_tensor
from lossgrad_service.benchmarks.timing import Call
from lossgrad_service.benchmarks.ways.lists import Text, open_lists
from lossgrad_service.benchmarks.workloads import Answer, Workload


@contextmanager
def open_grpcio(target: str, workload: Workload) -> Iterator[Call]:
    """Send and receive messages of protobuf; the arrays are views of what was received."""
    arguments = workload.arguments()
    with grpc.insecure_channel(target, UNLIMITED) as channel:
        method = channel.unary_unary(
            "/Tutorial/Compute", ComputeRequest.SerializeToString, ComputeResponse.FromString
        )
        yield lambda: _read(method(_request(arguments)), workload.gradients)


def _request(arguments: dict[str, Array]) -> ComputeRequest:
    request = ComputeRequest()
    for name, array in arguments.items():
        getattr(request, name).CopyFrom(to_tensor(array))
    return request


def _read(response: ComputeResponse, gradients: tuple[str, ...]) -> Answer:
    arrays = {name: to_array(getattr(response, name), np.float32) for name in gradients}
    return Answer(response.loss, **arrays)


def open_fastapi(target: str, workload: Workload, *, text: Text) -> AbstractContextManager[Call]:
    """Post lists of lists."""
    return open_lists(f"{target}/compute", workload, text, {})
