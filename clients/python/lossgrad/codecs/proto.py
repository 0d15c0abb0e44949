"""Problems, results and infos as the protobuf messages of lossgrad.v1.

Messages are filled and read by the tables of quantities and options: a field has
the name that the contract gives it. Malformed bytes from a caller are
`InvalidArgument`; malformed bytes from a server are `Internal`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, TypeVar, cast

from google.protobuf.message import DecodeError, Message

from lossgrad.codecs import enums, tensors
from lossgrad.codecs.tensors import BadTensor
from lossgrad.errors import Internal, InvalidArgument, TooLarge, Violation
from lossgrad.types.arrays import Array
from lossgrad.types.info import InfoRequest, Limits, ServerInfo
from lossgrad.types.options import NAMES as OPTION_NAMES
from lossgrad.types.problem import Problem
from lossgrad.types.quantities import INPUTS, OUTPUTS, SCALARS
from lossgrad.types.result import Result
from lossgrad.v1 import lossgrad_pb2 as pb

AnyMessage = TypeVar("AnyMessage", bound=Message)

# 2 GiB is protobuf's own limit; a megabyte is left for all that is not array data.
_LARGEST_MESSAGE = (1 << 31) - (1 << 20)


def encode_problem(problem: Problem) -> bytes:
    """Return a ComputeRequest; options at their defaults are left out.

    Raises
    ------
    TooLarge
        Where the arrays are more than any protobuf message can hold.
    """
    _check_size(problem)
    message = pb.ComputeRequest()
    for name, array in problem.inputs.items():
        _write_tensor(getattr(message, name), array)
    for name, value in problem.options.chosen.items():
        if name == "want":
            message.want.extend(cast(Any, [enums.OUTPUTS.numbers[output] for output in value]))
        elif name in enums.OPTIONS:
            setattr(message, name, enums.OPTIONS[name].numbers[value])
        else:
            setattr(message, name, value)
    return message.SerializeToString()


def decode_problem(data: bytes) -> Problem:
    """Return the problem that a ComputeRequest states; its arrays are read-only.

    Raises
    ------
    InvalidArgument
        Where the bytes are not a ComputeRequest or state no consistent problem.
    """
    message = _parse_request(pb.ComputeRequest, data)
    violations: list[Violation] = []
    arguments = _read_tensors(message, violations)
    for name in OPTION_NAMES:
        arguments[name] = _read_option(message, name, violations)
    return Problem.of(arguments, violations)


def encode_result(result: Result) -> bytes:
    """Return a ComputeResponse; the timing does not travel in it."""
    message = pb.ComputeResponse()
    for name, value in result.scalars.items():
        setattr(message, name, value)
    for name, array in result.arrays.items():
        _write_tensor(getattr(message, name), array)
    return message.SerializeToString()


def decode_result(data: bytes, timing: Mapping[str, float]) -> Result:
    """Return the result in a ComputeResponse, with arrays that belong to the caller.

    Raises
    ------
    Internal
        Where the bytes are not a ComputeResponse.
    """
    message = _parse_reply(pb.ComputeResponse, data)
    outputs: dict[str, Any] = {
        name: getattr(message, name)
        for name in SCALARS
        if name != "accuracy" or message.HasField("accuracy")
    }
    try:
        for name in OUTPUTS:
            if _is_sent(message, name):
                outputs[name] = _read_tensor(getattr(message, name)).copy()
    except BadTensor as error:
        raise Internal(f"the server's answer cannot be read: {error.detail}") from error
    return Result(outputs, timing)


def encode_info_request(_: InfoRequest) -> bytes:
    """Return a GetServerInfoRequest."""
    return pb.GetServerInfoRequest().SerializeToString()


def decode_info_request(data: bytes) -> InfoRequest:
    """Return the request in a GetServerInfoRequest, which asks for nothing in particular.

    Raises
    ------
    InvalidArgument
        Where the bytes are none.
    """
    _parse_request(pb.GetServerInfoRequest, data)
    return InfoRequest()


def encode_info(info: ServerInfo) -> bytes:
    """Return a GetServerInfoResponse."""
    message = pb.GetServerInfoResponse(
        version=info.version,
        limits=pb.Limits(**asdict(info.limits)),
        compute_threads=info.compute_threads,
        uptime_seconds=info.uptime_seconds,
    )
    for name, words in _INFO_WORDS.items():
        getattr(message, name).extend(words.numbers[word] for word in getattr(info, name))
    return message.SerializeToString()


def decode_info(data: bytes, _: Mapping[str, float]) -> ServerInfo:
    """Return the info in a GetServerInfoResponse; words of newer servers are left out."""
    message = _parse_reply(pb.GetServerInfoResponse, data)
    known: dict[str, Any] = {
        name: tuple(words.names[n] for n in getattr(message, name) if n in words.names)
        for name, words in _INFO_WORDS.items()
    }
    return ServerInfo(
        version=message.version,
        limits=Limits(**{f.name: getattr(message.limits, f.name) for f in fields(Limits)}),
        compute_threads=message.compute_threads,
        uptime_seconds=message.uptime_seconds,
        **known,
    )


_INFO_WORDS: Mapping[str, enums.Words] = {
    "losses": enums.LOSSES,
    "outputs": enums.OUTPUTS,
    "float_dtypes": enums.DTYPES,
    "label_dtypes": enums.DTYPES,
}


def _parse_request(kind: type[AnyMessage], data: bytes) -> AnyMessage:
    try:
        return kind.FromString(data)
    except DecodeError:
        text = f"the {len(data)} bytes are not a {kind.DESCRIPTOR.full_name}"
        raise InvalidArgument.at("", text) from None


def _parse_reply(kind: type[AnyMessage], data: bytes) -> AnyMessage:
    try:
        return kind.FromString(data)
    except DecodeError as error:
        name = kind.DESCRIPTOR.full_name
        raise Internal(f"the server's answer is not a {name}; is it lossgrad?") from error


def _check_size(problem: Problem) -> None:
    size = sum(array.nbytes for array in problem.inputs.values())
    if size > _LARGEST_MESSAGE:
        text = f"the arrays have {size} bytes, but a message holds {_LARGEST_MESSAGE} at most"
        raise TooLarge(f"{text}; send fewer rows at a time", limit="max_request_bytes")


def _write_tensor(tensor: pb.Tensor, array: Array) -> None:
    name, shape, data = tensors.pack(array)
    tensor.dtype = cast(pb.Dtype, enums.DTYPES.numbers[name])
    tensor.shape.extend(shape)
    tensor.data = data


def _read_tensor(tensor: pb.Tensor) -> Array:
    name = enums.DTYPES.names.get(tensor.dtype)
    if name is None:
        raise BadTensor("dtype", _not_a_word(tensor.dtype, enums.DTYPES))
    return tensors.unpack(name, tensor.shape, tensor.data)


def _read_tensors(message: pb.ComputeRequest, violations: list[Violation]) -> dict[str, object]:
    arrays: dict[str, object] = {}
    for name in INPUTS:
        if not _is_sent(message, name):
            continue
        try:
            arrays[name] = _read_tensor(getattr(message, name))
        except BadTensor as error:
            violations.append(Violation(f"{name}.{error.part}", error.detail))
    return arrays


def _read_option(
    message: pb.ComputeRequest, name: str, violations: list[Violation]
) -> object | None:
    """Return an option's value, or None where it is not set."""
    if name == "want":
        return tuple(_read_want(message.want, violations)) or None
    value = getattr(message, name)
    if name not in enums.OPTIONS:
        return value if _is_sent(message, name) else None
    words = enums.OPTIONS[name]
    if value and value not in words.names:
        violations.append(Violation(name, _not_a_word(value, words)))
    return words.names.get(value)


def _read_want(numbers: Sequence[int], violations: list[Violation]) -> Iterator[str]:
    for index, number in enumerate(numbers):
        if number in enums.OUTPUTS.names:
            yield enums.OUTPUTS.names[number]
        else:
            violations.append(Violation(f"want[{index}]", _not_a_word(number, enums.OUTPUTS)))


def _is_sent(message: Message, name: str) -> bool:
    """Tell whether a field is set; one without presence always is, its 0 being the default."""
    return not message.DESCRIPTOR.fields_by_name[name].has_presence or message.HasField(name)


def _not_a_word(number: int, words: enums.Words) -> str:
    known = ", ".join(f"{name} ({known})" for name, known in words.numbers.items())
    return f"is the number {number}, which is none of {known}"
