"""Other bytes for a protobuf message: those that mean the same, and those that are damaged."""

from __future__ import annotations

from hypothesis import strategies as st

VARINT, FIXED64, LENGTH, GROUP, END, FIXED32 = range(6)
_FIXED = {FIXED64: 8, FIXED32: 4}


def varint(value, spare=0):
    """A number, in more bytes than it takes where some are to spare."""
    digits = []
    while value > 0x7F or spare:
        spare -= value <= 0x7F
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def split(data):
    """The fields of a well-formed message without groups, as (number, kind, content)."""
    found = []
    while data:
        tag, data = _varint(data)
        kind = tag & 7
        size = _FIXED.get(kind)
        if kind == LENGTH:
            size, data = _varint(data)
        elif kind == VARINT:
            size = len(data) - len(_varint(data)[1])
        found.append((tag >> 3, kind, data[:size]))
        data = data[size:]
    return found


def _varint(data):
    end = next(index for index, byte in enumerate(data) if byte < 0x80) + 1
    return sum((byte & 0x7F) << 7 * index for index, byte in enumerate(data[:end])), data[end:]


_SPARE = st.sampled_from([0, 0, 0, 0, 0, 1, 2])

_unknown = st.one_of(
    st.tuples(st.integers(60, 3000), st.just(VARINT), st.just(b"\x85\x01")),
    st.tuples(st.integers(1, 70), st.just(FIXED64), st.just(bytes(8))),
    st.tuples(st.integers(60, 2**29 - 1), st.just(LENGTH), st.binary(max_size=3)),
    st.tuples(st.integers(1, 70), st.just(FIXED32), st.just(bytes(4))),
    st.tuples(st.integers(60, 70), st.just(GROUP), st.just(b"\x08\x01")),
    st.tuples(st.just(0), st.just(VARINT), st.just(b"\x01")),
    st.tuples(st.integers(60, 70), st.sampled_from([END, 6, 7]), st.just(b"")),
)


@st.composite
def rewritten(draw, data, packed=(), nested=()):
    """Bytes of the same fields in another way: order, repetition, strangers, long numbers.

    `packed` numbers fields that may be unpacked, `nested` those that are messages; the
    fields that are packed in a nested message are numbered 2.
    """
    fields = split(data)
    if draw(st.booleans()):
        fields = draw(st.permutations(fields))
    if fields and draw(st.integers(0, 3)) == 0:
        fields = [*fields, draw(st.sampled_from(fields))]
    if draw(st.integers(0, 3)) == 0:
        fields.insert(draw(st.integers(0, len(fields))), draw(_unknown))
    return b"".join(draw(_written(*field, packed, nested)) for field in fields)


@st.composite
def _written(draw, number, kind, content, packed, nested):
    if number in packed and kind == LENGTH and draw(st.booleans()):
        rest = content
        written = b""
        while rest:
            value, rest = _varint(rest)
            written += varint(number << 3) + varint(value)
        return written
    if number in nested and kind == LENGTH and draw(st.booleans()):
        content = draw(rewritten(content, packed=(2,)))
    before = varint(number << 3 | kind, draw(_SPARE))
    if kind == LENGTH:
        return before + varint(len(content), draw(_SPARE)) + content
    return before + content + (varint(number << 3 | END) if kind == GROUP else b"")


@st.composite
def damaged(draw, data):
    """Bytes of a message of which some are other ones, or missing."""
    spoiled = bytearray(data)
    for _ in range(draw(st.integers(0, 3)) if data else 0):
        spoiled[draw(st.integers(0, min(len(data), 200) - 1))] = draw(st.integers(0, 255))
    return bytes(spoiled[: draw(st.integers(0, len(spoiled)))] if draw(st.booleans()) else spoiled)
