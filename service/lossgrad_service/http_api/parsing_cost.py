"""What the text of a JSON body becomes in memory."""

from __future__ import annotations

from typing import Final

import numpy as np

VALUE_BYTES: Final = 30
"""What each value is charged, on top of its text: a third of what parsing it takes.

A charge stands for three times its bytes. Text takes that itself, with its copies in base64
decoded; a number, a short string or an empty list takes up to 88 bytes more while it is
parsed, checked and gathered in an array.
"""

_PIECE_BYTES: Final = 2**16
"""Looked at together, because they fit into a core's cache."""

_COMMA, _BRACE, _LOWER = ord(","), ord("{"), ord("a") - ord("A")


def parsing_bytes(body: bytes | bytearray) -> int:
    """Return what parsing a body is charged on top of its text.

    Values are counted by what stands before them: a comma, or the bracket or brace of
    the one that they are in. Arrays in base64 are one value each.
    """
    text = np.frombuffer(body, np.uint8)
    pieces = (text[i : i + _PIECE_BYTES] for i in range(0, len(text), _PIECE_BYTES))
    return VALUE_BYTES * sum(_values_in(piece) for piece in pieces)


def _values_in(piece: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> int:
    # "{" is "[" with the bit that makes a letter lower-case.
    opened = np.count_nonzero((piece | _LOWER) == _BRACE)
    return int(np.count_nonzero(piece == _COMMA) + opened)
