"""Callers of both ports by the protocol alone: stock messages, and JSON with bytes behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
import urllib3
from google.rpc import error_details_pb2, status_pb2

from lossgrad.types import dtypes
from lossgrad_service.open_inference import messages
from tests.running import PATIENCE_SECONDS, channel_to

DATATYPES = {
    "f16": "FP16",
    "bf16": "BF16",
    "f32": "FP32",
    "f64": "FP64",
    **{f"i{bits}": f"INT{bits}" for bits in (8, 16, 32, 64)},
    **{f"u{bits}": f"UINT{bits}" for bits in (8, 16, 32, 64)},
}
NAMES = {datatype: name for name, datatype in DATATYPES.items()}

CONTENTS = {
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "INT64": "int64_contents",
    "UINT64": "uint64_contents",
}
PARAMETERS = {bool: "bool_param", int: "int64_param", str: "string_param", float: "double_param"}


class Refused(Exception):
    """A call that was refused."""

    def __init__(self, code: Any, text: str, fields: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.code, self.text, self.fields = code, text, fields


@dataclass(frozen=True)
class Answer:
    """What a model answered; arrays by name, in their order."""

    id: str
    model: tuple[str, str]
    outputs: dict[str, np.ndarray]
    binary: tuple[str, ...] = ()


def parts(arguments: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the inputs and the options of a call."""
    inputs = {name: value for name, value in arguments.items() if isinstance(value, np.ndarray)}
    return inputs, {name: value for name, value in arguments.items() if name not in inputs}


def datatype_of(array: np.ndarray) -> str:
    return DATATYPES[dtypes.to_name(array.dtype)]


def array_of(datatype: str, shape: Sequence[int], data: bytes) -> np.ndarray:
    return np.frombuffer(data, dtypes.to_numpy(NAMES[datatype])).reshape(shape)


class Grpc:
    """Calls over gRPC."""

    def __init__(self, target: str) -> None:
        self._channel = channel_to(target)

    def close(self) -> None:
        self._channel.close()

    def ask(self, method: str, **asked: Any) -> Any:
        """Return the answer to a question."""
        request = getattr(messages, f"{method}Request")(**asked)
        reply = self.send(method, request.SerializeToString())
        return getattr(messages, f"{method}Response").FromString(reply)

    def send(self, method: str, message: bytes, **options: Any) -> bytes:
        """Return the bytes that answer bytes."""
        call = self._channel.unary_unary(f"/{messages.SERVICE_NAME}/{method}")
        try:
            return call(message, **options)
        except grpc.RpcError as error:
            raise refusal_of(error) from None

    def infer(self, arguments: Mapping[str, Any], **how: Any) -> Answer:
        """Return the answer to a call; see `request` for how it is written."""
        message = request(arguments, **how).SerializeToString()
        reply = messages.ModelInferResponse.FromString(self.send("ModelInfer", message))
        assert len(reply.raw_output_contents) == len(reply.outputs)
        assert not any(output.HasField("contents") for output in reply.outputs)
        pairs = zip(reply.outputs, reply.raw_output_contents, strict=True)
        outputs = {each.name: array_of(each.datatype, each.shape, raw) for each, raw in pairs}
        return Answer(reply.id, (reply.model_name, reply.model_version), outputs)


def request(
    arguments: Mapping[str, Any],
    model: str = "linear_softmax_loss",
    outputs: Sequence[str] = (),
    is_typed: bool = False,
    **more: Any,
) -> Any:
    """Return a ModelInferRequest, with numbers in fields of their type where there are such."""
    inputs, options = parts(arguments)
    message = messages.ModelInferRequest(model_name=model, **more)
    for name, array in inputs.items():
        told = message.inputs.add(name=name, datatype=datatype_of(array), shape=array.shape)
        if is_typed:
            getattr(told.contents, CONTENTS[told.datatype]).extend(array.ravel().tolist())
        else:
            message.raw_input_contents.append(array.tobytes())
    for name, value in options.items():
        setattr(message.parameters[name], PARAMETERS[type(value)], value)
    for name in outputs:
        message.outputs.add(name=name)
    return message


def refusal_of(error: Any) -> Refused:
    """Return what gRPC raises, with the fields that its details name."""
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    bad = error_details_pb2.BadRequest()
    for detail in status_pb2.Status.FromString(details).details:
        detail.Unpack(bad)
    fields = [violation.field for violation in bad.field_violations]
    return Refused(error.code().name, error.details(), fields)


class Rest:
    """Calls over HTTP."""

    def __init__(self, target: str) -> None:
        self._base = target
        self._pool = urllib3.PoolManager(retries=False, timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        self._pool.clear()

    def get(self, path: str, **headers: str) -> Any:
        """Return the document at a path."""
        return self._document(self.call("GET", path, b"", headers))

    def call(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Any:
        return self._pool.request(
            method, f"{self._base}{path}", body=body, headers=headers, decode_content=True
        )

    def infer(
        self, arguments: Mapping[str, Any], model: str = "linear_softmax_loss", **how: Any
    ) -> Answer:
        """Return the answer to a call; see `body` for how it is written."""
        content, headers = body(arguments, **how)
        return self.post(content, headers, model)

    def post(
        self, content: bytes, headers: Mapping[str, str], model: str = "linear_softmax_loss"
    ) -> Answer:
        """Return the answer to a body."""
        answer = self.call("POST", f"/v2/models/{model}/infer", content, headers)
        length = int(answer.headers.get("inference-header-content-length", len(answer.data)))
        document, tail = self._document(answer, length), answer.data[length:]
        outputs, binary = {}, []
        for output in document["outputs"]:
            if "data" in output:
                kind = dtypes.to_numpy(NAMES[output["datatype"]])
                array = np.array(output["data"], float if kind.kind not in "iu" else int)
                outputs[output["name"]] = array.astype(kind).reshape(output["shape"])
                continue
            size = output["parameters"]["binary_data_size"]
            data, tail = tail[:size], tail[size:]
            outputs[output["name"]] = array_of(output["datatype"], output["shape"], data)
            binary.append(output["name"])
        assert tail == b""
        named = (document["model_name"], document["model_version"])
        return Answer(document.get("id", ""), named, outputs, tuple(binary))

    @staticmethod
    def _document(answer: Any, length: int | None = None) -> Any:
        document = json.loads(answer.data[:length])
        if answer.status != 200:
            assert answer.headers["content-type"] == "application/json"
            assert document.keys() == {"error"}
            raise Refused(answer.status, document["error"])
        return document


def body(
    arguments: Mapping[str, Any],
    outputs: Sequence[str] | Mapping[str, bool] = (),
    is_binary: bool = True,
    is_flat: bool = False,
    **more: Any,
) -> tuple[bytes, dict[str, str]]:
    """Return a body and its headers: arrays as bytes both ways, or all of it JSON.

    Outputs may be told one by one whether they are to be bytes.
    """
    inputs, options = parts(arguments)
    document = {
        **more,
        "inputs": [_input(name, array, is_binary, is_flat) for name, array in inputs.items()],
        "outputs": [_output(name, outputs) for name in outputs],
        "parameters": {
            **{name: _spelled(value) for name, value in options.items()},
            "binary_data_output": is_binary,
        },
    }
    text = json.dumps(document).encode()
    if not is_binary:
        return text, {"content-type": "application/json"}
    tail = b"".join(array.tobytes() for array in inputs.values())
    return text + tail, {"inference-header-content-length": str(len(text))}


def _output(name: str, outputs: Sequence[str] | Mapping[str, bool]) -> dict[str, Any]:
    if isinstance(outputs, Mapping):
        return {"name": name, "parameters": {"binary_data": outputs[name]}}
    return {"name": name}


def _input(name: str, array: np.ndarray, is_binary: bool, is_flat: bool) -> dict[str, Any]:
    told = {"name": name, "datatype": datatype_of(array), "shape": array.shape}
    if is_binary:
        return {**told, "parameters": {"binary_data_size": array.nbytes}}
    wide = array if array.dtype.kind in "iu" else array.astype(float)
    return {**told, "data": _spelled((wide.ravel() if is_flat else wide).tolist())}


def _spelled(value: Any) -> Any:
    """Return nested lists with words for the numbers that JSON lacks."""
    if isinstance(value, list):
        return [_spelled(each) for each in value]
    if not isinstance(value, float) or np.isfinite(value):
        return value
    return {np.inf: "Infinity", -np.inf: "-Infinity"}.get(value, "NaN")
