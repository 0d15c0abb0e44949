"""The text of a request over HTTP.

`json.dumps` would search every character of the base64 for what needs an escape, and
copy all of it twice; so only what is around it is made by `json.dumps`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast


def to_text(body: Mapping[str, Any]) -> bytes:
    """Return the JSON text of what `problem_to_json` returns."""
    members = (member for name, value in body.items() for member in (b",", *_member(name, value)))
    next(members, None)  # the comma before the first
    return b"".join((b"{", *members, b"}"))


def _member(name: str, value: object) -> Iterator[bytes]:
    yield json.dumps(name).encode() + b":"
    if not isinstance(value, dict):
        yield json.dumps(value, allow_nan=False).encode()
        return
    tensor = cast(dict[str, Any], value)
    yield json.dumps({**tensor, "data": ""}).removesuffix('"}').encode()
    yield tensor["data"].encode()
    yield b'"}'
