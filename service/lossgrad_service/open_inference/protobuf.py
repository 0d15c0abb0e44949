"""ModelInfer on the bytes of its messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.message import DecodeError

from lossgrad.codecs import wire
from lossgrad.codecs.tensors import BadTensor
from lossgrad.codecs.wire import LENGTH, tag
from lossgrad.errors import InvalidArgument
from lossgrad.types import Array
from lossgrad_service.open_inference.answering import Outcome, datatype_of
from lossgrad_service.open_inference.asking import Inference, check_counts, inference_of
from lossgrad_service.open_inference.contents import read_contents
from lossgrad_service.open_inference.datatypes import check_datatype
from lossgrad_service.open_inference.messages import (
    InferInputTensor,
    ModelInferRequest,
    ModelInferResponse,
)
from lossgrad_service.open_inference.models import VERSION, find_model
from lossgrad_service.open_inference.options import check_of_input
from lossgrad_service.open_inference.sent import Output, Request, Tensor
from lossgrad_service.open_inference.splitting import Contents, Input, Parts, not_a_request

_RAW_OUTPUT: Final = tag(
    ModelInferResponse.DESCRIPTOR.fields_by_name["raw_output_contents"].number, LENGTH
)


def decode_inference(parts: Parts) -> Inference:
    """Return the call that a ModelInferRequest makes; its arrays are views of it where they can.

    Raises
    ------
    InvalidArgument
        Where the parts are malformed, or state no consistent problem.
    Unimplemented
        Where there is no such model.
    """
    message = _parsed(ModelInferRequest, parts.rest)
    model = find_model(message.model_name, message.model_version)
    check_counts(model, parts.inputs, message.outputs)
    outputs = [Output(each.name, _values(each.parameters)) for each in message.outputs]
    return inference_of(
        model, Request(message.id, _values(message.parameters), _tensors(parts), outputs)
    )


def encode_outcome(outcome: Outcome) -> bytes:
    """Return a ModelInferResponse, all outputs raw, joined in one copy."""
    call, outputs = outcome.call, outcome.outputs
    message = ModelInferResponse(
        model_name=call.model.name,
        model_version=VERSION,
        id=call.id,
        outputs=[
            {"name": name, "datatype": datatype_of(array), "shape": array.shape}
            for name, array in outputs.items()
        ],
    )
    pieces: list[Any] = [message.SerializeToString()]
    for array in outputs.values():
        pieces += (wire.before_content(_RAW_OUTPUT, array.nbytes), array)
    return b"".join(pieces)


def _tensors(parts: Parts) -> list[Tensor]:
    """Return the inputs of a request: the raw contents in their order, or each with its own."""
    told = [_told(each) for each in parts.inputs]
    raw = parts.raw or [None] * len(told)
    if len(raw) != len(told):
        text = f"has {len(raw)} entries for {len(told)} inputs; send one for each"
        raise InvalidArgument.at("raw_input_contents", text)
    return [_tensor(*each) for each in zip(told, parts.inputs, raw, strict=True)]


def _told(sent: Input) -> Any:
    """Return the message of an input, whose elements are in the request."""
    message = _parsed(InferInputTensor, sent.rest)
    check_of_input(message.name, _values(message.parameters))
    return message


def _tensor(message: Any, sent: Input, raw: memoryview | None) -> Tensor:
    name, datatype = message.name, message.datatype
    if raw is not None and sent.contents:
        raise InvalidArgument.at(f"{name}.contents", "must be left out where contents are raw")
    elements = _numbers(name, datatype, sent.contents) if raw is None else raw
    return Tensor(name, datatype, message.shape, elements)


def _numbers(name: str, datatype: str, contents: Contents) -> bytes | memoryview | Array:
    """Return the elements of an input in the field of their type."""
    check_datatype(name, datatype)
    try:
        return read_contents(datatype, contents)
    except BadTensor as error:
        raise InvalidArgument.at(f"{name}.{error.part}", error.detail) from None


def _parsed(kind: Any, data: bytes) -> Any:
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise not_a_request(data, error) from None


def _values(parameters: Mapping[str, Any]) -> dict[str, object]:
    """Return the values of parameters, None for one that has none."""
    found: dict[str, object] = {}
    for name, parameter in parameters.items():
        choice = parameter.WhichOneof("parameter_choice")
        found[name] = None if choice is None else getattr(parameter, choice)
    return found
