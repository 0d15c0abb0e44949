"""What is bad in the words of the Open Inference Protocol: messages, and bodies with headers."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from lossgrad_service.open_inference import messages
from tests.open_inference.ports import body, request
from tests.security.good import CALL, SCORES

MEBIBYTE = 2**20
LENGTH = "inference-header-content-length"


class Bad(NamedTuple):
    """What is sent over one port, and what must come back."""

    code: str | int
    field: str
    """How the text begins; empty for the whole."""
    sent: Any
    """A message, or a body with its headers."""


def message(change: Any = None, field: str = "", code: str = "INVALID_ARGUMENT", **how: Any) -> Bad:
    """A good message that was changed."""
    made = request(CALL, **how)
    if change is not None:
        change(made)
    return Bad(code, field, made.SerializeToString())


def raw(content: bytes) -> Bad:
    return Bad("INVALID_ARGUMENT", "", content)


def parameter(field: str, **value: Any) -> Bad:
    """A parameter of the request."""

    def change(made: Any) -> None:
        made.parameters[field].SetInParent()
        for choice, chosen in value.items():
            setattr(made.parameters[field], choice, chosen)

    return message(change, field)


def of_input(field: str, is_typed: bool = False, **value: Any) -> Bad:
    """Fields of the scores."""

    def change(made: Any) -> None:
        for name, chosen in value.items():
            made.inputs[0].ClearField(name)
            if isinstance(chosen, list):
                getattr(made.inputs[0], name).extend(chosen)
            else:
                setattr(made.inputs[0], name, chosen)

    return message(change, field, is_typed=is_typed)


def _contents(**numbers: Any) -> Any:
    def change(made: Any) -> None:
        made.inputs[0].ClearField("contents")
        for name, values in numbers.items():
            getattr(made.inputs[0].contents, name).extend(values)

    return change


def _words(made: Any) -> None:
    made.inputs[0].datatype = "BYTES"
    _contents(bytes_contents=[b"cat"] * 6)(made)


def _int8(numbers: list[int]) -> Any:
    def change(made: Any) -> None:
        made.inputs[1].datatype = "INT8"
        made.inputs[1].contents.Clear()
        made.inputs[1].contents.int_contents.extend(numbers)

    return change


def _shared(made: Any) -> None:
    made.inputs[0].parameters["shared_memory_region"].string_param = "a"
    del made.raw_input_contents[0]


def _more(field: str, count: int, **values: Any) -> Any:
    return lambda made: [getattr(made, field).add(**values) for _ in range(count)]


GOOD = request(CALL).SerializeToString()
_UNENDED = messages.InferInputTensor(name="labels", datatype="INT64").SerializeToString()

NAMED = request({}).SerializeToString()


def tensor(content: bytes) -> bytes:
    """The field of an input, of fewer than 128 bytes."""
    return b"\x2a" + bytes([len(content)]) + content


MESSAGES: dict[str, Bad] = {
    "nothing": Bad("UNIMPLEMENTED", "there is no model ''", b""),
    "text": raw(b"scores"),
    "a model of another name": Bad(
        "UNIMPLEMENTED", "there is no model", request(CALL, model="x" * 2000).SerializeToString()
    ),
    "a group": raw(GOOD + b"\x0b\x0c"),
    "too many fields": raw(GOOD + b"\x22\x00" * 2000),
    "too much beside tensors": raw(GOOD + b"\xfa\x06\x80\x80\x04" + bytes(2**16)),
    "inputs without a name": message(_more("inputs", 2000), ""),
    "more inputs than there are": message(
        _more("inputs", 20, name="scores"), "inputs", is_typed=True
    ),
    "more outputs than there are": message(_more("outputs", 30, name="loss"), "outputs"),
    "an input twice": message(
        lambda made: made.inputs.add(name="scores") and made.raw_input_contents.append(b""), ""
    ),
    "an unknown input": message(lambda made: setattr(made.inputs[0], "name", "logits"), "logits"),
    "an input of the other model": Bad(
        "INVALID_ARGUMENT",
        "w2",
        request({**CALL, "w2": np.ones((2, 3))}, model="softmax_loss").SerializeToString(),
    ),
    "an unknown output": message(_more("outputs", 1, name="logits"), "outputs[0].name"),
    "an output twice": message(_more("outputs", 2, name="loss"), "outputs[1]"),
    "an output of the other model": message(
        _more("outputs", 1, name="dw2"), "outputs[0].name", model="softmax_loss"
    ),
    "too few raw contents": message(
        lambda made: made.raw_input_contents.pop(), "raw_input_contents"
    ),
    "too many raw contents": message(
        lambda made: made.raw_input_contents.append(b""), "raw_input_contents"
    ),
    "raw and typed contents": message(_contents(fp64_contents=[1.0]), "scores.contents"),
    "contents of another type": message(
        _contents(fp32_contents=[1.0] * 6), "scores.contents", is_typed=True
    ),
    "contents of two types": message(
        _contents(fp32_contents=[1.0], fp64_contents=[1.0]),
        "scores.contents",
        is_typed=True,
    ),
    "texts as contents": message(
        _contents(bytes_contents=[b"1"] * 6), "scores.contents", is_typed=True
    ),
    "too few numbers": message(_contents(fp64_contents=[1.0]), "scores.data", is_typed=True),
    "no numbers": message(_contents(), "scores.data", is_typed=True),
    "too few integers": message(_int8([1]), "labels.data", is_typed=True),
    "an integer beyond its type": message(_int8([1, 200]), "labels.data", is_typed=True),
    "an integer that does not end": Bad(
        "INVALID_ARGUMENT", "labels.contents", NAMED + tensor(_UNENDED + b"\x2a\x03\x1a\x01\x80")
    ),
    "numbers that are not packed": raw(NAMED + tensor(b"\x2a\x02\x18\x01")),
    "half numbers in a field": of_input("scores.contents", is_typed=True, datatype="FP16"),
    "raw contents of another size": of_input("scores.data", shape=[2, 4]),
    "a negative extent": of_input("scores.shape[1]", shape=[2, -3]),
    "an extent of all ones": of_input("scores.shape", shape=[2**62, 2**62]),
    "too many axes": of_input("scores.shape", shape=[1] * 40),
    "no datatype": of_input("scores.datatype", datatype=""),
    "a datatype of NumPy": of_input("scores.datatype", datatype="float64"),
    "a datatype of the contract": of_input("scores.datatype", datatype="f64"),
    "texts": of_input("scores.datatype", datatype="BYTES"),
    "truth values": of_input("scores.datatype", datatype="BOOL"),
    "texts in their own field": message(_words, "scores.datatype", is_typed=True),
    "integers as scores": of_input("scores.datatype", datatype="INT64"),
    "shared memory": message(
        lambda made: setattr(
            made.inputs[0].parameters["shared_memory_region"], "string_param", "a"
        ),
        "scores.parameters.shared_memory_region",
    ),
    "shared memory instead of raw contents": message(
        _shared, "scores.parameters.shared_memory_region"
    ),
    "classes instead of an output": message(
        lambda made: setattr(
            made.outputs.add(name="probs").parameters["classification"], "int64_param", 2
        ),
        "outputs[0].parameters.classification",
    ),
    "an unknown parameter": parameter("temprature", double_param=2.0),
    "an input as a parameter": parameter("scores", double_param=2.0),
    "want as a parameter": parameter("want", string_param="loss"),
    "a sequence": parameter("sequence_id", int64_param=1),
    "a number out of range": parameter("label_smoothing", double_param=2.0),
    "a truth value as a number": parameter("temperature", bool_param=True),
    "a text that is no number": parameter("temperature", string_param="hot"),
    "a text that is not finite": parameter("temperature", string_param="inf"),
    "a text as an integer": parameter("ignore_index", string_param="1"),
    "an integer as a word": parameter("reduction", int64_param=1),
    "an unknown word": parameter("reduction", string_param="average"),
    "a huge integer": parameter("ignore_index", uint64_param=2**64 - 1),
    "many parameters": message(
        lambda made: [made.parameters[f"p{i}"].SetInParent() for i in range(50)], "parameters"
    ),
    "a long id": message(lambda made: setattr(made, "id", "x" * 2000), "id"),
}
"""Over gRPC."""


def document(field: str, change: Any = None, **members: Any) -> Bad:
    """A good document that was changed."""
    made = json.loads(body(CALL, is_binary=False)[0])
    made.update(members)
    if change is not None:
        change(made)
    return text(json.dumps(made), field)


def text(content: str | bytes, field: str = "", code: int = 400, **headers: str) -> Bad:
    content = content.encode() if isinstance(content, str) else content
    return Bad(code, field, (content, {name.replace("_", "-"): v for name, v in headers.items()}))


def scores(field: str, **members: Any) -> Bad:
    """Members of the scores."""
    return document(field, lambda made: made["inputs"][0].update(members))


def binary(field: str, length: object = None, tail: bytes = b"", **members: Any) -> Bad:
    """A good body with bytes, of which members of the scores, the header or the tail changed."""
    content, headers = body(CALL)
    split = int(headers[LENGTH])
    made = json.loads(content[:split])
    made["inputs"][0].update(members)
    start = json.dumps(made).encode()
    told = str(len(start)) if length is None else str(length)
    return Bad(400, field, (start + content[split:] + tail, {LENGTH: told}))


def coded(coding: str, content: bytes, code: int = 400, field: str = "the body") -> Bad:
    return Bad(code, field, (content, {"content-encoding": coding}))


def wrongly_coded(name: str, compress: Any) -> Mapping[str, Bad]:
    """Bodies of one coding that are none, or hold too much."""
    good, noise = body(CALL, is_binary=False)[0], random.Random(0).randbytes(2 * MEBIBYTE + 1)
    return {
        f"no {name}": coded(name, good),
        f"half of {name}": coded(name, compress(good)[:20]),
        f"two members of {name}": coded(name, compress(good) * 2),
        f"{name} of nothing": coded(name, b""),
        f"a bomb of {name}": coded(name, compress(bytes(64 * MEBIBYTE)), 413),
        f"{name} over the limit": coded(name, compress(noise), 413),
    }


BODIES: dict[str, Bad] = {
    "nothing": text("", "the body is not JSON"),
    "no JSON": text("scores", "the body is not JSON"),
    "a list": text("[]", "the body must be a JSON object"),
    "an empty object": text("{}", "inputs"),
    "an unknown key": document("want", want=["loss"]),
    "a key twice": text('{"inputs": [], "inputs": []}', "the body has the key 'inputs' twice"),
    "a key twice in an input": text(
        '{"inputs": [{"name": "scores", "name": "labels"}]}', "the body has the key 'name' twice"
    ),
    "NaN": text('{"inputs": [NaN]}', "the body is not JSON"),
    "inputs that are an object": document("inputs", inputs={}),
    "inputs that are null": document("inputs", inputs=None),
    "an input that is a number": document("inputs[0]", inputs=[1]),
    "a million inputs": document("inputs", inputs=[{}] * 10**5),
    "a million outputs": document("outputs", outputs=[{}] * 10**5),
    "outputs that are names": document("outputs[0]", outputs=["loss"]),
    "an unknown output": document("outputs[0].name", outputs=[{"name": "logits"}]),
    "an output twice": document("outputs[1]", outputs=[{"name": "loss"}] * 2),
    "an output with an unknown key": document(
        "outputs[0].dtype", outputs=[{"name": "loss", "dtype": 1}]
    ),
    "an output in shared memory": document(
        "outputs[0].parameters.shared_memory_region",
        outputs=[{"name": "loss", "parameters": {"shared_memory_region": "a"}}],
    ),
    "an output that is perhaps bytes": document(
        "loss.binary_data", outputs=[{"name": "loss", "parameters": {"binary_data": 1}}]
    ),
    "all outputs perhaps bytes": document(
        "binary_data_output", parameters={"binary_data_output": "yes"}
    ),
    "parameters that are a list": document("parameters", parameters=[]),
    "an unknown parameter": document("temprature", parameters={"temprature": 2}),
    "an input as a parameter": document("labels", parameters={"labels": [1]}),
    "a list as an option": document("temperature", parameters={"temperature": [2]}),
    "many parameters": document("parameters", parameters={f"p{i}": 1 for i in range(50)}),
    "an id that is a number": document("id", id=7),
    "a long id": document("id", id="x" * 2000),
    "no name": document("inputs[0].name", lambda made: made["inputs"][0].pop("name")),
    "no shape": document("scores.shape", lambda made: made["inputs"][0].pop("shape")),
    "no datatype": document("scores.datatype", lambda made: made["inputs"][0].pop("datatype")),
    "no data": document("scores.data", lambda made: made["inputs"][0].pop("data")),
    "an input with an unknown key": scores("inputs[0].dtype", dtype="f64"),
    "an unknown input": scores("logits", name="logits"),
    "an input twice": document("scores", lambda made: made["inputs"].append(made["inputs"][0])),
    "data that is a number": scores("scores.data", data=1),
    "data that is a text": scores("scores.data", data="AAAA"),
    "ragged data": scores("scores.data[1]", data=[[1, 2, 3], [1, 2]]),
    "data with a text": scores("scores.data[1][2]", data=[[1, 2, 3], [1, 2, "3"]]),
    "data with null": scores("scores.data[0]", data=[None] * 6),
    "data with truth values": scores("scores.data[0]", data=[True] * 6),
    "data in another shape": scores("scores.data", data=np.transpose(SCORES).tolist()),
    "too little data": scores("scores.data", data=[1, 2, 3]),
    "empty data": scores("scores.data", data=[]),
    "numbers beyond the datatype": scores("scores.data", datatype="FP32", data=[1e39] * 6),
    "numbers beyond half the datatype": scores("scores.data", datatype="FP16", data=[1e5] * 6),
    "fractions as labels": document(
        "labels.data[0]", lambda made: made["inputs"][1].update(data=[0.5, 1])
    ),
    "integers beyond the datatype": document(
        "labels.data", lambda made: made["inputs"][1].update(datatype="UINT8", data=[0, 300])
    ),
    "negative integers without a sign": document(
        "labels.data", lambda made: made["inputs"][1].update(datatype="UINT64", data=[0, -1])
    ),
    "texts": scores("scores.datatype", datatype="BYTES", data=["cat"] * 6),
    "truth values that are such": scores("scores.datatype", datatype="BOOL", data=[True] * 6),
    "an input in shared memory": scores(
        "scores.parameters.shared_memory_region",
        parameters={"shared_memory_region": "a"},
        data=None,
    ),
    "a shape that is a number": scores("scores.shape", shape=6),
    "a shape of texts": scores("scores.shape", shape=["2", "3"]),
    "a shape of truth values": scores("scores.shape", shape=[True, True]),
    "a shape of fractions": scores("scores.shape", shape=[2.0, 3.0]),
    "a negative extent": scores("scores.shape", shape=[-2, -3]),
    "a huge extent": scores("scores.shape", shape=[2**63, 2**63]),
    "too many axes": scores("scores.shape", shape=[1] * 40),
    "a datatype of NumPy": scores("scores.datatype", datatype="float64"),
    "a datatype that is a number": scores("scores.datatype", datatype=1),
    "truth values": scores("scores.datatype", datatype="BOOL"),
    "a header beyond the body": binary("the header", length=10**6),
    "a header that is no number": binary("the header", length="x"),
    "a negative header": binary("the header", length=-1),
    "a header of many digits": binary("the header", length="1" * 5000),
    "a header of nothing": binary("the body is not JSON", length=0),
    "a header in the midst": binary("the body is not JSON", length=20),
    "no header": Bad(400, "the body is not JSON", (body(CALL)[0], {})),
    "bytes that belong to nobody": binary("", tail=b"12345678"),
    "more bytes than there are": binary(
        "scores.parameters.binary_data_size", parameters={"binary_data_size": 10**6}
    ),
    "fewer bytes than needed": binary("", parameters={"binary_data_size": 8}),
    "a size that is a text": binary(
        "scores.parameters.binary_data_size", parameters={"binary_data_size": "48"}
    ),
    "a negative size": binary(
        "scores.parameters.binary_data_size", parameters={"binary_data_size": -48}
    ),
    "bytes and data": binary("scores.data", data=[1, 2, 3, 4, 5, 6]),
    "another media type": text("{}", "POST", 415, content_type="text/plain"),
    "a form": text("{}", "POST", 415, content_type="application/x-www-form-urlencoded"),
    "another coding": text("{}", "POST", 415, content_encoding="br"),
    "two codings": text("{}", "POST", 415, content_encoding="gzip, deflate"),
    "deep lists": text(b'{"inputs":' + b"[" * MEBIBYTE, "the body is not JSON"),
    "too long": text(b" " * (2 * MEBIBYTE + 1), "the body", 413),
    **wrongly_coded("gzip", gzip.compress),
    **wrongly_coded("deflate", zlib.compress),
    "raw deflate": coded("deflate", zlib.compress(b"{}")[2:-4]),
}
"""Over HTTP."""
