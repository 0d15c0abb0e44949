"""Checks as protobuf messages: a problem with its caller's own numbers, and what was found.

The fields of what was found have the names that they have in Python. Malformed bytes from
a caller are `InvalidArgument`; malformed bytes from a server are `Internal`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from google.protobuf.message import DecodeError, Message

from lossgrad.codecs import enums, proto_parts, proto_tensors, stock, wire
from lossgrad.codecs.check_parts import PARTS, TRAVELLING
from lossgrad.codecs.proto_tensors import Sent
from lossgrad.codecs.stock import AnyMessage
from lossgrad.codecs.wire import LENGTH, Unusual, tag
from lossgrad.errors import Internal, Violation
from lossgrad.types.check import Check, CheckRequest
from lossgrad.types.check_parts import Comparison, Diagnosis, Entry, Verification
from lossgrad.v1 import lossgrad_pb2 as pb

_FIELDS: Final = pb.CheckGradientsRequest.DESCRIPTOR.fields_by_name
_PROBLEM: Final = tag(_FIELDS["problem"].number, LENGTH)
_GRADIENTS: Final = tag(_FIELDS["gradients"].number, LENGTH)

_WORDS: Final[Mapping[str, enums.Words]] = {"name": enums.OUTPUTS, "band": enums.BANDS}
"""Fields that travel as one number of an enum."""

_MESSAGES: Final[Mapping[type[Any], type[Message]]] = {
    Check: pb.CheckGradientsResponse,
    Comparison: pb.Comparison,
    Entry: pb.CheckEntry,
    Verification: pb.Verification,
    Diagnosis: pb.Diagnosis,
}


def encode_check_request(request: CheckRequest) -> bytes:
    """Return a CheckGradientsRequest; options at their defaults are left out.

    Raises
    ------
    TooLarge
        Where the arrays are more than any protobuf message can hold.
    """
    proto_parts.check_size(request.request_bytes)
    problem = proto_tensors.pieces(pb.ComputeRequest, request.problem.inputs)
    problem.append(proto_parts.encode_options(request.problem.options))
    own = proto_tensors.pieces(pb.OwnGradients, request.own)
    return b"".join((*_field(_PROBLEM, problem), *_field(_GRADIENTS, own)))


def decode_check_request(data: bytes) -> CheckRequest:
    """Return the request that a CheckGradientsRequest states.

    Raises
    ------
    InvalidArgument
        Where the bytes are none or state no consistent request.
    """
    problem, own = _parts(data)
    violations: list[Violation] = []
    inputs, message = _split(pb.ComputeRequest, problem)
    arrays = proto_tensors.read_inputs(inputs, proto_tensors.read, violations)
    options = proto_parts.read_options(message, violations)
    sent, _ = _split(pb.OwnGradients, own)
    gradients = proto_tensors.read_all(sent, proto_tensors.read, violations, "gradients.")
    return CheckRequest.of(arrays | options, gradients, violations)


def encode_check(check: Check) -> bytes:
    """Return a CheckGradientsResponse; the timing does not travel in it."""
    message: Any = _message(check)
    message.ok = check.ok
    message.diagnoses.extend(check.diagnoses)
    return message.SerializeToString()


def decode_check(data: bytes, timing: Mapping[str, float]) -> Check:
    """Return the check in a CheckGradientsResponse.

    Raises
    ------
    Internal
        Where the bytes are none.
    """
    try:
        message = stock.read(pb.CheckGradientsResponse, data)
        return Check(**_read_fields(Check, message), timing=dict(timing))
    except DecodeError as error:
        raise proto_parts.no_reply(pb.CheckGradientsResponse, data, error) from error
    except KeyError as error:
        raise Internal(f"the server's answer cannot be read: it has the number {error}") from error


def _field(tag: int, pieces: Sequence[Any]) -> tuple[Any, ...]:
    """Return the pieces of a message as those of a field of another one."""
    size = sum(piece.nbytes if hasattr(piece, "nbytes") else len(piece) for piece in pieces)
    return wire.before_content(tag, size), *pieces


def _parts(data: bytes) -> tuple[bytes, bytes]:
    """Return the problem and the caller's own numbers, each a message of its own.

    One that came in several parts means what they do when joined. Stock code reads all
    else.
    """
    found: dict[int, list[bytes]] = {_PROBLEM: [], _GRADIENTS: []}
    others: list[bytes] = []
    try:
        for known, begin, content, end in wire.fields(data, 0, len(data)):
            if known in found:
                found[known].append(data[content:end])
            else:
                others.append(data[begin:end])
        stock.read(pb.CheckGradientsRequest, b"".join(others))
    except (DecodeError, Unusual) as error:
        raise proto_parts.no_request(pb.CheckGradientsRequest, data, error) from None
    return b"".join(found[_PROBLEM]), b"".join(found[_GRADIENTS])


def _split(kind: type[AnyMessage], data: bytes) -> tuple[dict[str, Sent], AnyMessage]:
    try:
        return proto_tensors.split(kind, data)
    except DecodeError as error:
        raise proto_parts.no_request(kind, data, error) from None


def _message(part: Any) -> Message:
    sent = {name: _sent(name, getattr(part, name)) for name in TRAVELLING[part.__class__]}
    return _MESSAGES[part.__class__](**sent)


def _sent(name: str, value: Any) -> Any:
    if name in PARTS:
        return list(map(_message, value))
    return _WORDS[name].numbers[value] if name in _WORDS else value


def _read_fields(kind: type[Any], message: Any) -> dict[str, Any]:
    return {name: _read(name, getattr(message, name)) for name in TRAVELLING[kind]}


def _read(name: str, value: Any) -> Any:
    if name in PARTS:
        kind = PARTS[name]
        return tuple(kind(**_read_fields(kind, part)) for part in value)
    if name in _WORDS:
        return _WORDS[name].names[value]
    return value if isinstance(value, (float, int, str)) else tuple(value)
