"""Keys that an object of JSON has twice, of which parsers keep the last in silence."""

from __future__ import annotations

import json
from typing import Any, Final, cast

from lossgrad.codecs.json_arrays import shown
from lossgrad.errors import InvalidArgument

_DEPTH: Final = 3
"""Objects in objects of a request.

An array in base64, among the caller's own, in a check; a parameter of an input of an inference.
"""


def check_keys(body: bytes | bytearray, document: object) -> None:
    """Check that no object of a document had a key twice.

    Every key has its colon. A body with as many colons as the parsed document has keys lost
    none, which is seen at the speed of memory: requests hold no other colons. One with more
    is parsed again, key by key.

    Parameters
    ----------
    body
        The text, known to be JSON.
    document
        What it was parsed to.

    Raises
    ------
    InvalidArgument
        Naming the first key that is there twice.
    """
    if _has_more_colons(body, _count_keys(document)):
        _parse_again(body)


def _count_keys(document: object, depth: int = _DEPTH) -> int:
    """Return the number of keys of the objects in a document, as deep as requests have them."""
    if isinstance(document, list):
        return _count_keys_within(cast(list[object], document), depth)
    if depth == 0 or not isinstance(document, dict):
        return 0
    values = cast(dict[str, object], document).values()
    return len(document) + sum(_count_keys(value, depth - 1) for value in values)


def _count_keys_within(entries: list[object], depth: int) -> int:
    """Return the number of keys of a list's objects; a list of numbers is not gone through."""
    if not entries or not isinstance(entries[0], dict):
        return 0
    return sum(_count_keys(entry, depth) for entry in entries)


def _has_more_colons(body: bytes | bytearray, count: int) -> bool:
    # To find one after another is eight times as fast as to count them.
    place = -1
    for _ in range(count + 1):
        place = body.find(b":", place + 1)
        if place < 0:
            return False
    return True


def _parse_again(body: bytes | bytearray) -> None:
    try:
        # As float, since Python refuses to read integers of many digits.
        json.loads(body, object_pairs_hook=_check_pairs, parse_int=float)
    except RecursionError:
        text = "the body is nested too deeply; arrays have 32 axes at most"
        raise InvalidArgument.at("", text) from None


def _check_pairs(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            text = f"the body has the key {shown(key)} twice in one object; send it once"
            raise InvalidArgument.at("", text)
        seen.add(key)
