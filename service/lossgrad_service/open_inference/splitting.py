"""A ModelInferRequest in parts: the bytes of its tensors, and the little beside them.

Stock code copies the bytes of raw tensors, and makes an object of each number and of each empty
message. So tensors stay views of the request, and stock code reads what is beside them,
`MAX_BESIDE` bytes at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from lossgrad.codecs import wire
from lossgrad.codecs.proto_parts import no_request
from lossgrad.codecs.stock import MAX_BESIDE, TooMuch
from lossgrad.codecs.wire import LENGTH, Field, Unusual, tag
from lossgrad.errors import InvalidArgument
from lossgrad_service.open_inference.messages import (
    InferInputTensor,
    InferTensorContents,
    ModelInferRequest,
)

Contents = Mapping[int, Sequence[memoryview]]
"""The packed numbers of a tensor by the number of their field; in pieces, usually one."""


def _tag(kind: Any, field: str) -> int:
    return tag(kind.DESCRIPTOR.fields_by_name[field].number, LENGTH)


_AS_THEY_ARE: Final = frozenset(
    InferTensorContents.DESCRIPTOR.fields_by_name[name].number
    for name in ("fp32_contents", "fp64_contents")
)
"""Fields of numbers whose packed bytes are those of the tensor."""

_INPUT: Final = _tag(ModelInferRequest, "inputs")
_RAW: Final = _tag(ModelInferRequest, "raw_input_contents")
_CONTENTS: Final = _tag(InferInputTensor, "contents")


class Input(NamedTuple):
    """An input in parts."""

    rest: bytes
    """An InferInputTensor without its contents."""
    contents: Contents


class Parts(NamedTuple):
    """A request in parts."""

    size: int
    """Bytes of the whole."""
    rest: bytes
    """A ModelInferRequest without its inputs."""
    inputs: Sequence[Input]
    raw: Sequence[memoryview]
    """The raw contents of all inputs, or nothing."""

    @property
    def integer_bytes(self) -> int:
        """Bytes of integers in fields of their type, where most of them take one or two."""
        return sum(
            len(piece)
            for each in self.inputs
            for number, pieces in each.contents.items()
            if number not in _AS_THEY_ARE
            for piece in pieces
        )


def split(message: bytes) -> Parts:
    """Return a ModelInferRequest in parts, none of which has been looked into.

    Raises
    ------
    InvalidArgument
        Where the bytes are no such message, or have too much beside tensors.
    """
    try:
        return _Splitting(message).parts()
    except (TooMuch, Unusual) as error:
        raise not_a_request(message, error) from None


def not_a_request(message: bytes, error: Exception) -> InvalidArgument:
    """Return the error that bytes are no ModelInferRequest."""
    return no_request(ModelInferRequest, message, error)


class _Splitting:
    """What is left to be found in one message: so many fields, and bytes beside tensors."""

    def __init__(self, message: bytes) -> None:
        self._message = message
        self._view = memoryview(message)
        self._fields_left = wire.MAX_FIELDS
        self._bytes_left = MAX_BESIDE

    def parts(self) -> Parts:
        rest: list[bytes] = []
        inputs: list[Input] = []
        raw: list[memoryview] = []
        for known, begin, content, end in self._fields(0, len(self._message)):
            if known == _RAW:
                raw.append(self._view[content:end])
            elif known == _INPUT:
                inputs.append(self._input(content, end))
            else:
                rest.append(self._beside(begin, end))
        return Parts(len(self._message), b"".join(rest), inputs, raw)

    def _input(self, begin: int, end: int) -> Input:
        rest: list[bytes] = []
        contents: dict[int, list[memoryview]] = {}
        for known, start, content, after in self._fields(begin, end):
            if known == _CONTENTS:
                self._add_contents(contents, content, after)
            else:
                rest.append(self._beside(start, after))
        return Input(b"".join(rest), contents)

    def _add_contents(self, found: dict[int, list[memoryview]], begin: int, end: int) -> None:
        for known, _, content, after in self._fields(begin, end):
            if known & 7 != LENGTH:
                raise Unusual("its numbers are not packed")
            found.setdefault(known >> 3, []).append(self._view[content:after])

    def _beside(self, begin: int, end: int) -> bytes:
        self._bytes_left -= end - begin
        if self._bytes_left < 0:
            raise TooMuch
        return self._message[begin:end]

    def _fields(self, begin: int, end: int) -> Iterator[Field]:
        for field in wire.fields(self._message, begin, end):
            self._fields_left -= 1
            if self._fields_left < 0:
                raise Unusual(f"it has more than {wire.MAX_FIELDS} fields")
            yield field
