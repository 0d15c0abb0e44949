"""The text of a JSON body, and what it becomes in memory."""

from __future__ import annotations

from typing import Final, NamedTuple, Self

import numpy as np

SMALL_BYTES: Final = 128 * 2**10
"""Bytes of text whose values are counted in a tenth of a millisecond."""

_SMALL_VALUES: Final = 2**13
"""Values that are parsed and checked in one or two milliseconds, whatever they are.

Numbers in rows take half a millisecond; the longest take lists, keys and strings.
"""

_VALUE_BYTES: Final = 30
"""What each value is charged, on top of its text: a third of what parsing it takes.

A charge stands for three times its bytes. Text takes that itself, with its copies in base64
decoded; a number, a short string or an empty list takes up to 88 bytes more while it is
parsed, checked and gathered in an array.
"""

_PIECE_BYTES: Final = 2**16
"""Looked at together, because they fit into a core's cache."""

_COMMA, _BRACE, _LOWER = ord(","), ord("{"), ord("a") - ord("A")


class Document(NamedTuple):
    """A body before it is parsed."""

    text: bytes | bytearray
    values: int
    """How many it has, roughly."""

    @classmethod
    def of(cls, text: bytes | bytearray) -> Self:
        """Return the document that is a body's text.

        Values are counted by what stands before them: a comma, or the bracket or brace of
        the one that they are in. Arrays in base64 are one value each.
        """
        found = np.frombuffer(text, np.uint8)
        pieces = (found[i : i + _PIECE_BYTES] for i in range(0, len(found), _PIECE_BYTES))
        return cls(text, sum(_values_in(piece) for piece in pieces))

    @property
    def parsing_bytes(self) -> int:
        """What parsing it is charged on top of its text."""
        return _VALUE_BYTES * self.values

    def is_small(self) -> bool:
        """Return whether it is parsed in about a millisecond, whatever it holds."""
        return len(self.text) <= SMALL_BYTES and self.values <= _SMALL_VALUES


def _values_in(piece: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> int:
    # "{" is "[" with the bit that makes a letter lower-case.
    opened = np.count_nonzero((piece | _LOWER) == _BRACE)
    return int(np.count_nonzero(piece == _COMMA) + opened)
