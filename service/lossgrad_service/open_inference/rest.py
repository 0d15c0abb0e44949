"""Inference over REST on objects of JSON, beside which tensors may travel as bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from lossgrad.codecs.json_arrays import (
    floats_from_lists,
    integers_from_lists,
    shown,
    to_lists,
)
from lossgrad.codecs.tensors import BadTensor
from lossgrad.errors import InvalidArgument
from lossgrad.types import Array
from lossgrad_service.open_inference.answering import Outcome, datatype_of
from lossgrad_service.open_inference.asking import Inference, check_counts, inference_of
from lossgrad_service.open_inference.datatypes import check_datatype
from lossgrad_service.open_inference.members import (
    Members,
    read_flag,
    read_list,
    read_object,
    read_parameters,
    read_shape,
    read_text,
)
from lossgrad_service.open_inference.models import VERSION, Model
from lossgrad_service.open_inference.options import check_of_input
from lossgrad_service.open_inference.sent import Output, Request, Tensor

_SIZE: Final = "binary_data_size"
_BINARY: Final = "binary_data"
_ALL_BINARY: Final = "binary_data_output"

_REQUEST_KEYS: Final = frozenset(
    {"id", "parameters", "inputs", "outputs", "model_name", "model_version"}
)
"""Which model is asked is said by the URL, as clients do that write it here, too."""
_INPUT_KEYS: Final = frozenset({"name", "shape", "datatype", "parameters", "data"})
_OUTPUT_KEYS: Final = frozenset({"name", "parameters"})


@dataclass(frozen=True, slots=True)
class RestInference:
    """A call, and which of its outputs are to be bytes."""

    inference: Inference
    binary: frozenset[str]


def read_inference(model: Model, document: object, tail: memoryview) -> RestInference:
    """Return the call that a body makes of a model.

    Parameters
    ----------
    model
        That the URL names.
    document
        What its JSON was parsed to.
    tail
        The bytes that follow the JSON.

    Raises
    ------
    InvalidArgument
        Where it is no request, or states no consistent problem.
    """
    sent = read_object(document, "", _REQUEST_KEYS)
    inputs, outputs = read_list(sent, "inputs"), read_list(sent, "outputs", default=[])
    check_counts(model, inputs, outputs)
    request = Request(
        read_text(sent, "id", "", default=""),
        read_parameters(sent, ""),
        list(_tensors(inputs, tail)),
        [_output(each, f"outputs[{index}]") for index, each in enumerate(outputs)],
    )
    inference = inference_of(model, request)
    return RestInference(inference, _binary(inference, request))


def _binary(inference: Inference, request: Request) -> frozenset[str]:
    """Return the outputs that are to be bytes: by word for each, or for all."""
    default = read_flag(request.parameters, _ALL_BINARY, "", default=False)
    asked = {output.name: output.parameters for output in request.outputs}
    return frozenset(
        name
        for name in inference.outputs
        if read_flag(asked.get(name, {}), _BINARY, name, default=default)
    )


def write_outcome(outcome: Outcome, binary: frozenset[str]) -> tuple[dict[str, Any], list[Array]]:
    """Return the object of an answer, and the arrays whose bytes follow it.

    Numbers in it are flat rows of float64 or int64; see `to_lists` for those that are not finite.
    """
    call, outputs = outcome.call, outcome.outputs
    named = {"id": call.id} if call.id else {}
    document = {
        "model_name": call.model.name,
        "model_version": VERSION,
        **named,
        "outputs": [_written(name, array, name in binary) for name, array in outputs.items()],
    }
    return document, [array for name, array in outputs.items() if name in binary]


def _written(name: str, array: Array, is_binary: bool) -> dict[str, Any]:
    told = {"name": name, "datatype": datatype_of(array), "shape": array.shape}
    if is_binary:
        return {**told, "parameters": {_SIZE: array.nbytes}}
    return {**told, "data": to_lists(array.reshape(-1))}


def _tensors(inputs: list[object], tail: memoryview) -> Iterator[Tensor]:
    """Yield the inputs; those that are bytes take theirs from the tail, one after another."""
    position = 0
    for index, each in enumerate(inputs):
        where = f"inputs[{index}]"
        sent = read_object(each, where, _INPUT_KEYS)
        name, parameters = read_text(sent, "name", where), read_parameters(sent, where)
        datatype, shape = read_text(sent, "datatype", name), read_shape(sent, name)
        check_of_input(name, parameters)
        if _SIZE in parameters:
            size = _size(parameters[_SIZE], sent, name, len(tail) - position)
            elements: memoryview | Array = tail[position : position + size]
            position += size
        else:
            elements = _numbers(sent, name, datatype)
        yield Tensor(name, datatype, shape, elements)
    if position != len(tail):
        text = f"{len(tail)} bytes follow the JSON, but inputs have {position} of them"
        raise InvalidArgument.at("", f"{text}; tell the {_SIZE} of each")


def _size(size: object, sent: Members, name: str, left: int) -> int:
    if type(size) is not int or not 0 <= size <= left:
        text = f"must be a number of bytes, of which {left} are left, got {shown(size)}"
        raise InvalidArgument.at(f"{name}.parameters.{_SIZE}", text)
    if sent.get("data") is not None:
        raise InvalidArgument.at(f"{name}.data", f"must be left out where {_SIZE} is told")
    return size


def _numbers(sent: Members, name: str, datatype: str) -> Array:
    """Return the numbers of an input, in one row or in its shape."""
    check_datatype(name, datatype)
    data = sent.get("data")
    if not isinstance(data, list):
        text = f"must be a list of numbers, or bytes with {_SIZE}, got {shown(data)}"
        raise InvalidArgument.at(f"{name}.data", text)
    read = integers_from_lists if "INT" in datatype else floats_from_lists
    try:
        return read(data)
    except BadTensor as error:
        raise InvalidArgument.at(f"{name}.data{error.part}", error.detail) from None


def _output(sent: object, where: str) -> Output:
    members = read_object(sent, where, _OUTPUT_KEYS)
    return Output(read_text(members, "name", where), read_parameters(members, where))
