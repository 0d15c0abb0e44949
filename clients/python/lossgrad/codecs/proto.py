"""Problems, results and infos as the protobuf messages of lossgrad.v1.

Arrays go in with one copy and are read without any; all else is written and read by
stock code. Malformed bytes from a caller are `InvalidArgument`; malformed bytes from
a server are `Internal`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from google.protobuf.message import DecodeError

from lossgrad.codecs import enums, proto_parts, proto_tensors, stock, templates, wire
from lossgrad.codecs.tensors import BadTensor
from lossgrad.errors import Internal, Violation
from lossgrad.types.arrays import Array
from lossgrad.types.form import form_of
from lossgrad.types.info import InfoRequest, Limits, ServerInfo
from lossgrad.types.problem import Problem
from lossgrad.types.result import Result
from lossgrad.v1 import lossgrad_pb2 as pb

# A limit that is left out, as no limit is 0: an older server does not have it.
_NOT_TOLD = wire.LARGEST

# All options in few words each; what they say is kept.
_USUAL_REST = 512


def encode_problem(problem: Problem) -> bytes:
    """Return a ComputeRequest; options at their defaults are left out.

    Raises
    ------
    TooLarge
        Where the arrays are more than any protobuf message can hold.
    """
    proto_parts.check_size(problem.request_bytes)
    arrays = proto_tensors.pieces(pb.ComputeRequest, problem.inputs)
    return b"".join((*arrays, proto_parts.encode_options(problem.options)))


def decode_problem(data: bytes) -> Problem:
    """Return the problem that a ComputeRequest states; its arrays are views of it, read-only.

    Raises
    ------
    InvalidArgument
        Where the bytes are not a ComputeRequest or state no consistent problem.
    """
    known = templates.arrays_in(pb.ComputeRequest, data)
    if known is not None:
        arrays, rest = known
        options = proto_parts.known_options(rest) if len(rest) <= _USUAL_REST else None
        if options is not None:
            return Problem(form_of(arrays, options), arrays).checked()
    return _decode_any_problem(data)


def _decode_any_problem(data: bytes) -> Problem:
    try:
        sent, message = proto_tensors.split(pb.ComputeRequest, data)
    except DecodeError as error:
        raise proto_parts.no_request(pb.ComputeRequest, data, error) from None
    violations: list[Violation] = []
    arrays = proto_tensors.read_inputs(sent, proto_tensors.read, violations)
    options = proto_parts.read_options(message, violations)
    return Problem.of(arrays | options, violations)


def encode_result(result: Result) -> bytes:
    """Return a ComputeResponse; the timing does not travel in it."""
    arrays = proto_tensors.pieces(pb.ComputeResponse, result.arrays)
    return b"".join((*arrays, proto_parts.encode_scalars(result.scalars)))


def decode_result(data: bytes, timing: Mapping[str, float]) -> Result:
    """Return the result in a ComputeResponse; its arrays are views of it, read-only.

    Raises
    ------
    Internal
        Where the bytes are not a ComputeResponse.
    """
    try:
        arrays, message = _known_result(data) or _any_result(data)
    except DecodeError as error:
        raise proto_parts.no_reply(pb.ComputeResponse, data, error) from error
    except BadTensor as error:
        raise Internal(f"the server's answer cannot be read: {error.detail}") from error
    return Result(proto_parts.read_scalars(message) | arrays, timing)


def _known_result(data: bytes) -> tuple[dict[str, Array], pb.ComputeResponse] | None:
    """Return the arrays of an answer like one before, and the message that has all else."""
    known = templates.arrays_in(pb.ComputeResponse, data)
    if known is None:
        return None
    arrays, rest = known
    message = stock.read(pb.ComputeResponse, rest)
    return None if proto_tensors.of_message(message) else (arrays, message)


def _any_result(data: bytes) -> tuple[dict[str, Array], pb.ComputeResponse]:
    sent, message = proto_tensors.split(pb.ComputeResponse, data)
    return {name: proto_tensors.read(tensor) for name, tensor in sent.items()}, message


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
    try:
        stock.read(pb.GetServerInfoRequest, data)
    except DecodeError as error:
        raise proto_parts.no_request(pb.GetServerInfoRequest, data, error) from None
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
    try:
        message = stock.read(pb.GetServerInfoResponse, data)
    except DecodeError as error:
        raise proto_parts.no_reply(pb.GetServerInfoResponse, data, error) from error
    known: dict[str, Any] = {
        name: tuple(words.names[n] for n in getattr(message, name) if n in words.names)
        for name, words in _INFO_WORDS.items()
    }
    limits = {f.name: getattr(message.limits, f.name) or _NOT_TOLD for f in fields(Limits)}
    return ServerInfo(
        version=message.version,
        limits=Limits(**limits),
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
