"""Options and scalars as fields of protobuf messages, as unary calls and streams have them.

Fields are found by the tables of options and quantities: a field has the name that
the contract gives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, cast

from google.protobuf.message import DecodeError, Message

from lossgrad.codecs import enums, stock
from lossgrad.errors import MAX_VIOLATIONS, Internal, InvalidArgument, TooLarge, Violation
from lossgrad.types.options import MAX_WANT, NAMES, Options
from lossgrad.types.options import read_options as check_options
from lossgrad.types.quantities import INPUTS, SCALARS
from lossgrad.v1 import lossgrad_pb2 as pb

_OPTIONS: Final = frozenset(NAMES)

# 2 GiB is protobuf's own limit; a megabyte is left for all that is not array data.
_LARGEST_MESSAGE: Final = (1 << 31) - (1 << 20)

_ZEROS: Final = {name: scalar.type() for name, scalar in SCALARS.items() if name != "accuracy"}
"""What scalars are that were not sent because they are 0."""


def check_size(size: int) -> None:
    """Raise `TooLarge` where arrays have more bytes than any protobuf message can hold."""
    if size > _LARGEST_MESSAGE:
        text = f"the arrays have {size} bytes, but a message holds {_LARGEST_MESSAGE} at most"
        raise TooLarge(f"{text}; send fewer rows at a time", limit="max_request_bytes")


def no_request(kind: type[Message], data: bytes, error: Exception) -> InvalidArgument:
    """Return the error that a caller's bytes are not a message of this kind."""
    name = kind.DESCRIPTOR.full_name
    return InvalidArgument.at("", f"the {len(data)} bytes are not a {name}{stock.reason(error)}")


def no_reply(kind: type[Message], data: bytes, error: DecodeError) -> Internal:
    """Return the error that a server's bytes are not a message of this kind."""
    what = f"the server's answer of {len(data)} bytes is not a {kind.DESCRIPTOR.full_name}"
    return Internal(f"{what}{stock.reason(error)}; is it lossgrad?")


@lru_cache(1024)
def encode_options(options: Options) -> bytes:
    """Return the fields of a ComputeRequest for the options that are not at their defaults."""
    message = pb.ComputeRequest()
    for name, value in options.chosen.items():
        if name == "want":
            message.want.extend(cast(Any, [enums.OUTPUTS.numbers[output] for output in value]))
        elif name in enums.OPTIONS:
            setattr(message, name, enums.OPTIONS[name].numbers[value])
        else:
            setattr(message, name, value)
    return message.SerializeToString()


def read_options(message: pb.ComputeRequest, violations: list[Violation]) -> dict[str, object]:
    """Return the options that are set, None for one that is no word of the contract."""
    return {
        field.name: _read_option(field.name, value, violations)
        for field, value in message.ListFields()
        if field.name in _OPTIONS
    }


def _read_option(name: str, value: Any, violations: list[Violation]) -> object:
    if name == "want":
        return _read_want(value, violations)
    if name not in enums.OPTIONS:
        return value
    words = enums.OPTIONS[name]
    if value not in words.names:
        violations.append(Violation(name, words.refusal(value)))
    return words.names.get(value)


def _read_want(numbers: Sequence[int], violations: list[Violation]) -> Sequence[object] | None:
    if len(numbers) > MAX_WANT:
        return numbers  # refused for its length, whatever is in it
    return tuple(_read_outputs(numbers, violations)) or None


def _read_outputs(numbers: Sequence[int], violations: list[Violation]) -> Iterator[str]:
    for index, number in enumerate(numbers):
        if number in enums.OUTPUTS.names:
            yield enums.OUTPUTS.names[number]
        elif len(violations) < MAX_VIOLATIONS:
            violations.append(Violation(f"want[{index}]", enums.OUTPUTS.refusal(number)))


def encode_scalars(scalars: Mapping[str, float]) -> bytes:
    """Return the fields of a ComputeResponse for scalars by name."""
    return pb.ComputeResponse(**cast(Any, scalars)).SerializeToString()


def read_scalars(message: pb.ComputeResponse) -> dict[str, float | int]:
    """Return the scalars by name; `accuracy` only where it was asked for."""
    sent = {field.name: value for field, value in message.ListFields() if field.name in SCALARS}
    return {**_ZEROS, **sent}


@lru_cache(1024)
def known_options(fields: bytes) -> Options | None:
    """Return the options in what a ComputeRequest has beside inputs; None if all is not well."""
    try:
        message = pb.ComputeRequest.FromString(fields)
    except DecodeError:
        return None
    violations: list[Violation] = []
    arguments = read_options(message, violations)
    options, refused = check_options(arguments)
    has_inputs = any(field.name in INPUTS for field, _ in message.ListFields())
    return None if violations or refused or has_inputs else options
