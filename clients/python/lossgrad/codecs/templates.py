"""Where arrays lie in messages that are like one that was read before.

In a loop, messages differ in the data of their arrays alone: what stands before each
array, its dtype and shape in particular, are the same bytes at the same place. So a
message is held against what was found in the last one of its size, which takes a
comparison for each array, and only where it differs is it read field by field.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from google.protobuf.message import Message

from lossgrad.codecs.tensors import Layout
from lossgrad.codecs.wire import ALIGNMENT
from lossgrad.types.arrays import Array

_KEPT: Final = 1024
"""Most templates that are kept."""

_BEGINNING: Final = ALIGNMENT
"""Bytes of a message by which its template is looked for: no data begins before."""

LONGEST_BEFORE: Final = 512
"""Most bytes before an array: a shape of 32 axes, and not what padding could have."""


class Place(NamedTuple):
    """An array in a message."""

    name: str
    begin: int
    """Where its field begins."""
    before: bytes
    """The bytes from there to its data."""
    layout: Layout

    @property
    def content(self) -> int:
        """Where its data begins."""
        return self.begin + len(self.before)

    @property
    def end(self) -> int:
        """Where its data, and with it the field, ends."""
        return self.content + self.layout.size


Key = tuple[type[Message], int, bytes]

_templates: dict[Key, tuple[Place, ...]] = {}


def arrays_in(kind: type[Message], message: bytes) -> tuple[dict[str, Array], bytes] | None:
    """Return the arrays that a message begins with and what follows them, or None if unknown.

    The arrays are read-only views of the message.
    """
    places = _templates.get(_key(kind, message))
    if places is None:
        return None
    arrays: dict[str, Array] = {}
    for place in places:
        name, begin, before, layout = place
        if not message.startswith(before, begin):
            return None
        arrays[name] = np.ndarray(layout.shape, layout.dtype, message, begin + len(before))
    return arrays, message[places[-1].end :]


def keep(kind: type[Message], message: bytes, places: Sequence[Place]) -> None:
    """Remember where the arrays lie that a message begins with, if they are aligned."""
    if not places or any(place.content % ALIGNMENT for place in places):
        return
    if len(_templates) >= _KEPT:
        _templates.clear()
    _templates[_key(kind, message)] = tuple(places)


def _key(kind: type[Message], message: bytes) -> Key:
    return kind, len(message), message[:_BEGINNING]
