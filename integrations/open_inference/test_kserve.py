"""The real kserve clients, over gRPC and REST, which are for event loops both."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from kserve import (
    InferenceGRPCClient,
    InferenceRESTClient,
    InferInput,
    InferRequest,
    RESTConfig,
)
from kserve.protocol.infer_type import RequestedOutput

from integrations.open_inference.problems import LAYER, PROBLEMS, SCORES
from tests.running import PATIENCE_SECONDS

DATATYPES = {
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "int32": "INT32",
    "int64": "INT64",
    "uint16": "UINT16",
}

SENT = [
    *((problem, True) for problem in PROBLEMS if problem != "no rows"),
    *((problem, False) for problem in PROBLEMS if problem not in ("no rows", "halves")),
]
"""As bytes or as numbers: kserve has no numbers for half floats, and no arrays without rows."""


class Calls:
    """One client of theirs, and how it is told where to call."""

    def __init__(self, kind: str, addresses: dict[str, str]) -> None:
        self._url = addresses["HTTP"]
        self._is_rest = kind == "REST"
        self._client: Any = (
            InferenceRESTClient(RESTConfig(protocol="v2"))
            if self._is_rest
            else InferenceGRPCClient(addresses["gRPC"])
        )

    async def _call(self, method: str, *given: Any, **named: Any) -> Any:
        where = (self._url,) if self._is_rest else ()
        return await getattr(self._client, method)(*where, *given, **named)

    async def is_server_live(self) -> bool:
        return await self._call("is_server_live")

    async def is_server_ready(self) -> bool:
        return await self._call("is_server_ready")

    async def is_model_ready(self, name: str) -> bool:
        return await self._call("is_model_ready", name)

    async def infer(self, sent: InferRequest) -> Any:
        named = {"model_name": sent.model_name} if self._is_rest else {}
        return await self._call("infer", sent, **named)

    async def close(self) -> None:
        await self._client.close()


@pytest.fixture(params=["gRPC", "REST"])
def call(request: pytest.FixtureRequest, addresses: dict[str, str], loop: Any) -> Any:
    def wait(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(PATIENCE_SECONDS)

    async def connect() -> Calls:
        return Calls(request.param, addresses)

    calls = wait(connect())
    yield lambda method, *given: wait(getattr(calls, method)(*given))
    wait(calls.close())


def request_of(
    model: str,
    arrays: dict[str, np.ndarray],
    parameters: dict[str, Any],
    outputs: list[str],
    is_binary: bool,
) -> InferRequest:
    inputs = []
    for name, array in arrays.items():
        sent = InferInput(name, list(array.shape), DATATYPES[array.dtype.name])
        sent.set_data_from_numpy(array, binary_data=is_binary)
        inputs.append(sent)
    wanted = [RequestedOutput(name, {"binary_data": is_binary}) for name in outputs]
    return InferRequest(
        model, inputs, request_id="7", parameters=parameters, request_outputs=wanted
    )


def as_texts(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters as the gRPC client can send them: it has no floats."""
    return {n: str(value) if isinstance(value, float) else value for n, value in parameters.items()}


def assert_same(answer: Any, result: Any, outputs: list[str]) -> None:
    assert [output.name for output in answer.outputs] == outputs
    for output in answer.outputs:
        expected = np.asarray(getattr(result, output.name))
        found = output.as_numpy()
        assert found.shape == (expected.shape or (1,)), output.name
        np.testing.assert_array_equal(found, expected.reshape(found.shape), output.name)


def test_the_server(call: Any):
    assert call("is_server_live")
    assert call("is_server_ready")


def test_models_that_are_ready(call: Any):
    assert call("is_model_ready", "softmax_loss")
    assert not call("is_model_ready", "resnet50")


@pytest.mark.parametrize(("problem", "is_binary"), SENT)
def test_inference(call: Any, ours: Any, problem: str, is_binary: bool):
    model, arrays, parameters, outputs = PROBLEMS[problem]
    sent = request_of(model, arrays, as_texts(parameters), outputs, is_binary)
    answer = call("infer", sent)
    assert answer.id == "7"
    assert_same(answer, ours.compute(**arrays, **parameters, want=outputs), outputs)


def test_every_output_by_default(call: Any, ours: Any):
    answer = call("infer", request_of("linear_softmax_loss", LAYER, {}, [], is_binary=True))
    scalars = ["loss", "data_loss", "reg_loss", "z_loss", "denominator", "n_rows", "n_ignored"]
    assert_same(answer, ours.compute(**LAYER), [*scalars, "dw2", "db2"])


def test_refusals(call: Any):
    bad = {**SCORES, "labels": SCORES["labels"] + 5}
    with pytest.raises(
        (grpc.RpcError, httpx.HTTPStatusError), match=r"labels: must be in \[0, 10\)"
    ):
        call("infer", request_of("softmax_loss", bad, {}, [], is_binary=True))
