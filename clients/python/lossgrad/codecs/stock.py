"""What stock code is given to read: the data of arrays, and only a little beside it.

Stock code makes an object of each number of a list, and keeps what it does not know.
So a message is held against a bound before: its bytes that are neither `data` nor
`padding` of an array are `MAX_BESIDE` at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, TypeAlias, TypeVar

from google.protobuf.message import DecodeError, Message

from lossgrad.codecs import wire
from lossgrad.codecs.wire import LENGTH, Unusual, tag

AnyMessage = TypeVar("AnyMessage", bound=Message)

MAX_BESIDE: Final = 64 * 2**10
"""Most bytes that a message has beside the data of its arrays; all options take a hundred."""

_Holders: TypeAlias = Mapping[int, "_Holders"]
"""Tags of the fields that hold data: none in `data` itself, which has no fields."""

_DATA: Final[_Holders] = {}
_DATA_FIELDS: Final = frozenset({"data", "padding"})


class TooMuch(DecodeError):
    """A message has more beside the data of its arrays than stock code is given."""

    def __init__(self) -> None:
        super().__init__(f"it has more than {MAX_BESIDE} bytes beside the data of arrays")


def read(kind: type[AnyMessage], data: bytes, begin: int = 0) -> AnyMessage:
    """Return the message in the bytes from a place on.

    Raises
    ------
    TooMuch
        Where it has more than `MAX_BESIDE` bytes beside the data of arrays.
    DecodeError
        Where it is malformed.
    """
    check(kind, data, begin)
    return kind.FromString(data[begin:])


def check(kind: type[Message], data: bytes, begin: int = 0) -> None:
    """Raise `TooMuch` where there is too much in a message beside the data of arrays."""
    if len(data) - begin <= MAX_BESIDE:
        return
    left = MAX_BESIDE
    for size in _beside(data, begin, len(data), _holders(kind.DESCRIPTOR)):
        left -= size
        if left < 0:
            raise TooMuch


def reason(error: Exception) -> str:
    """Return what there is to add to a refusal: nothing about errors of stock code."""
    return f": {error}" if isinstance(error, (TooMuch, Unusual)) else ""


def _beside(data: bytes, begin: int, end: int, holders: _Holders) -> Iterator[int]:
    """Yield bytes that are not data of arrays; all from where fields cannot be told apart."""
    try:
        for known, start, content, after in wire.fields(data, begin, end):
            if known not in holders:
                yield after - start
            else:
                yield content - start
                if holders[known] is not _DATA:
                    yield from _beside(data, content, after, holders[known])
            begin = after
    except Unusual:
        yield end - begin


@cache
def _holders(message: Any) -> _Holders:
    """Return the tags of the fields of a message that hold data of arrays."""
    found: dict[int, _Holders] = {}
    for field in message.fields:
        if field.name in _DATA_FIELDS:
            found[tag(field.number, LENGTH)] = _DATA
        elif field.message_type is not None and _holders(field.message_type):
            found[tag(field.number, LENGTH)] = _holders(field.message_type)
    return found
