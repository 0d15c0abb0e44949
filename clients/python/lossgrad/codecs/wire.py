"""Protobuf's wire format: writing what precedes large data, and finding where fields lie.

Writing puts padding before ``data``, so that it begins at a multiple of 16 in the
message: the content of a bytes object does so in memory, so whoever receives the
message can compute with the data where it lies. Reading copies nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

ALIGNMENT: Final = 16
"""What the place of data in a message is a multiple of."""

VARINT: Final = 0
LENGTH: Final = 2

MAX_FIELDS: Final = 1024
"""Most fields that are looked for in a message: each costs far more than a byte of it."""

LARGEST: Final = (1 << 63) - 1
"""The largest number of an int64; what is larger is a negative one."""

Field: TypeAlias = tuple[int, int, int, int]
"""A field's tag, and where it begins, where its content begins, and where it ends."""

_LONGEST_TAG: Final = 5
_SHIFTS: Final = range(0, 70, 7)
_FIXED: Final = {1: 8, 5: 4}
"""Bytes of the content of two wire types."""


class Unusual(ValueError):
    """Bytes that are malformed, or in a form that only stock code reads."""


def tag(number: int, kind: int) -> int:
    """Return the tag of a field: its number and wire type in one."""
    return number << 3 | kind


def varint(value: int) -> bytes:
    """Return a number ≥ 0 in as few bytes as it takes, seven bits in each."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def number_field(tag: int, value: int) -> bytes:
    """Return a field that holds a number ≥ 0."""
    return varint(tag) + varint(value)


def before_content(tag: int, size: int) -> bytes:
    """Return what precedes the content of a field, which has `size` bytes."""
    return varint(tag) + varint(size)


def bytes_field(tag: int, content: bytes) -> bytes:
    """Return a field that holds bytes or a message."""
    return before_content(tag, len(content)) + content


@dataclass(frozen=True, slots=True)
class Holder:
    """A kind of message that ends with large data: the tags of its last two fields."""

    padding: int
    data: int

    def before_data(self, tag: int, head: bytes, size: int, position: int) -> bytes:
        """Return all that precedes the data of such a message, a field of another.

        Parameters
        ----------
        tag : int
            That of the field.
        head : bytes
            What the message has before padding and data.
        size : int
            Bytes of the data.
        position : int
            Where the field begins in the other message.
        """
        data = before_content(self.data, size)
        unpadded = len(head) + len(before_content(self.padding, 0)) + len(data)
        count = _padding(position + len(varint(tag)) + unpadded, unpadded + size)
        padding = bytes_field(self.padding, bytes(count))
        return b"".join((before_content(tag, unpadded + count + size), head, padding, data))


def _padding(position: int, size: int) -> int:
    """Return how many bytes of padding data at `position` needs.

    `position` leaves out padding, and the length that precedes the message, which is
    that of `size` bytes and the padding: more padding may make it a byte longer.
    """
    count = 0
    while excess := (position + len(varint(size + count)) + count) % ALIGNMENT:
        count += ALIGNMENT - excess
    return count


def fields(message: bytes, position: int, end: int) -> Iterator[Field]:
    """Yield the fields between two places, in order.

    Raises
    ------
    Unusual
        Where they are malformed or too many, or one is a group, which proto3 does not have.
    """
    for _ in range(MAX_FIELDS):
        if position == end:
            return
        begin = position
        tag, content = _read_short(message, begin)
        size, content = _read_size(message, tag & 7, content)
        position = content + size
        if position > end:
            raise Unusual("a field is longer than its message")
        yield tag, begin, content, position
    if position < end:
        raise Unusual(f"it has more than {MAX_FIELDS} fields")


def take_number(message: bytes, tag: int, position: int, end: int, most: int) -> tuple[int, int]:
    """Return the number in the field at a place and where it ends, 0 where another is there.

    Raises
    ------
    Unusual
        Where it is more than `most`.
    """
    if position >= end or message[position] != tag:
        return 0, position
    value, position = read_varint(message, position + 1)
    if value > most:
        raise Unusual("a number is too large")
    return value, position


def take_content(message: bytes, tag: int, position: int, end: int) -> tuple[int, int]:
    """Return where the content of the field at a place begins and ends.

    It is empty where another field is there; that it may end after `end` is for the caller.
    """
    if position >= end or message[position] != tag:
        return position, position
    size, content = _read_short(message, position + 1)
    return content, content + size


def read_numbers(content: bytes) -> tuple[int, ...]:
    """Return the numbers ≥ 0 that are the content of a packed field.

    Raises
    ------
    Unusual
        Where one is negative or malformed.
    """
    values: list[int] = []
    position = 0
    while position < len(content):
        value, position = read_varint(content, position)
        if value > LARGEST:
            raise Unusual("a number is negative")
        values.append(value)
    return tuple(values)


def read_varint(message: bytes, position: int) -> tuple[int, int]:
    """Return the number at a place and where it ends.

    Raises
    ------
    Unusual
        Where it does not end within ten bytes and the message.
    """
    value = 0
    try:
        for shift in _SHIFTS:
            byte = message[position]
            position += 1
            if byte < 0x80:
                return value | byte << shift, position
            value |= (byte & 0x7F) << shift
    except IndexError:
        raise Unusual("the message ends within a number") from None
    raise Unusual("a number does not end")


def _read_size(message: bytes, kind: int, position: int) -> tuple[int, int]:
    """Return the bytes of a field's content, and where it begins."""
    if kind == LENGTH:
        return _read_short(message, position)
    if kind == VARINT:
        return read_varint(message, position)[1] - position, position
    if kind in _FIXED:
        return _FIXED[kind], position
    raise Unusual("a group, or no wire type")


def _read_short(message: bytes, position: int) -> tuple[int, int]:
    """Return a tag or a length and where it ends; stock code takes no longer ones."""
    if position < len(message) and message[position] < 0x80:
        return message[position], position + 1
    value, end = read_varint(message, position)
    if end - position > _LONGEST_TAG or value >> 32:
        raise Unusual("a tag or length is too long")
    return value, end
