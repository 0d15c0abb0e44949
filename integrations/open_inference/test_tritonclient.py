"""The real tritonclient, over gRPC and HTTP and in their forms for event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.grpc.aio
import tritonclient.http
import tritonclient.http.aio
from ml_dtypes import bfloat16
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from integrations.open_inference.problems import PROBLEMS, SCORES
from tests.running import PATIENCE_SECONDS

OUTPUTS = ["loss", "dscores"]

MODULES = {
    "gRPC": tritonclient.grpc,
    "gRPC aio": tritonclient.grpc.aio,
    "HTTP": tritonclient.http,
    "HTTP aio": tritonclient.http.aio,
}


class Blocking:
    """A client for event loops behind the methods of one that waits."""

    def __init__(self, module: Any, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

        async def connect() -> Any:
            return module.InferenceServerClient(url)

        self._client = self._wait(connect())

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        return lambda *given, **named: self._wait(method(*given, **named))

    def _wait(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_SECONDS)


@pytest.fixture(scope="module", params=MODULES)
def way(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def module(way: str) -> Any:
    """Whose `InferInput` and `InferRequestedOutput` a client takes."""
    return tritonclient.grpc if way.startswith("gRPC") else tritonclient.http


@pytest.fixture(scope="module")
def client(way: str, addresses: dict[str, str], loop: asyncio.AbstractEventLoop) -> Iterator[Any]:
    url = addresses[way.removesuffix(" aio")].removeprefix("http://")
    if way.endswith("aio"):
        opened = Blocking(MODULES[way], url, loop)
    else:
        opened = MODULES[way].InferenceServerClient(url)
    yield opened
    opened.close()


def inputs_of(module: Any, arrays: dict[str, np.ndarray], **how: Any) -> list[Any]:
    found = []
    for name, array in arrays.items():
        sent = module.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
        found.append(sent.set_data_from_numpy(array, **how))
    return found


def assert_same(answer: Any, result: Any, outputs: list[str]) -> None:
    for name in outputs:
        found, expected = answer.as_numpy(name), np.asarray(getattr(result, name))
        if not expected.ndim:
            assert found.shape == (1,), name
            expected = expected[None]
        assert found.dtype == expected.dtype, name
        np.testing.assert_array_equal(found, expected, name)


def test_the_server(client: Any):
    assert client.is_server_live()
    assert client.is_server_ready()


def test_metadata(client: Any, way: str):
    told = {"as_json": True} if way.startswith("gRPC") else {}
    server = client.get_server_metadata(**told)
    assert server["name"] == "lossgrad"
    assert "binary_tensor_data" in server["extensions"]
    for name in ("softmax_loss", "linear_softmax_loss"):
        model = client.get_model_metadata(name, **told)
        assert model["name"] == name
        assert [each["name"] for each in model["inputs"]][:2] == ["scores", "labels"]
        assert model["outputs"][0]["name"] == "loss"


def test_models_that_are_ready(client: Any):
    assert client.is_model_ready("softmax_loss")
    assert client.is_model_ready("linear_softmax_loss", "1")
    assert not client.is_model_ready("resnet50")


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.parametrize("problem", PROBLEMS)
def test_inference(client: Any, module: Any, ours: Any, problem: str):
    model, arrays, parameters, outputs = PROBLEMS[problem]
    wanted = [module.InferRequestedOutput(name) for name in outputs]
    answer = client.infer(
        model, inputs_of(module, arrays), outputs=wanted, parameters=parameters, request_id="7"
    )
    assert_same(answer, ours.compute(**arrays, **parameters, want=outputs), outputs)
    told = answer.get_response()
    assert (told["id"] if isinstance(told, dict) else told.id) == "7"


def test_every_output_by_default(client: Any, module: Any, ours: Any):
    answer = client.infer("softmax_loss", inputs_of(module, SCORES), model_version="1")
    scalars = ["loss", "data_loss", "reg_loss", "z_loss", "denominator", "n_rows", "n_ignored"]
    assert_same(answer, ours.compute(**SCORES), [*scalars, "dscores"])


def test_bfloat16(client: Any, module: Any, ours: Any):
    arrays = {**SCORES, "scores": SCORES["scores"].astype(bfloat16)}
    answer = client.infer("softmax_loss", inputs_of(module, arrays))
    assert_same(answer, ours.compute(**arrays), OUTPUTS)


def test_refusals(client: Any, module: Any):
    bad = {**SCORES, "labels": SCORES["labels"] + 5}
    with pytest.raises(InferenceServerException, match=r"labels: must be in \[0, 10\)") as error:
        client.infer("softmax_loss", inputs_of(module, bad))
    assert error.value.status() in ("StatusCode.INVALID_ARGUMENT", "400")
    with pytest.raises(InferenceServerException, match="there is no model") as error:
        client.infer("resnet50", inputs_of(module, SCORES))
    assert error.value.status() in ("StatusCode.UNIMPLEMENTED", "404")


def test_what_is_triton_alone(client: Any):
    for call in (client.get_model_repository_index, client.get_inference_statistics):
        with pytest.raises(InferenceServerException):
            call()


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compression(client: Any, module: Any, way: str, ours: Any, coding: str):
    how: dict[str, str] = {"compression_algorithm": coding}
    if way.startswith("HTTP"):
        how = {f"{side}_compression_algorithm": coding for side in ("request", "response")}
    answer = client.infer("softmax_loss", inputs_of(module, SCORES), **how)
    assert_same(answer, ours.compute(**SCORES), OUTPUTS)


@pytest.mark.parametrize("way", ["HTTP", "HTTP aio"], scope="module")
@pytest.mark.parametrize("is_binary", [True, False])
def test_tensors_in_json(client: Any, module: Any, ours: Any, is_binary: bool):
    inputs = inputs_of(module, SCORES, binary_data=is_binary)
    wanted = [module.InferRequestedOutput(name, binary_data=not is_binary) for name in OUTPUTS]
    answer = client.infer("softmax_loss", inputs, outputs=wanted)
    assert_same(answer, ours.compute(**SCORES), OUTPUTS)


def test_calls_that_do_not_wait(addresses: dict[str, str], ours: Any):
    result = ours.compute(**SCORES)
    url = addresses["HTTP"].removeprefix("http://")
    with tritonclient.http.InferenceServerClient(url, concurrency=4) as client:
        begun = [
            client.async_infer("softmax_loss", inputs_of(tritonclient.http, SCORES))
            for _ in range(8)
        ]
        for each in begun:
            assert_same(each.get_result(), result, OUTPUTS)
