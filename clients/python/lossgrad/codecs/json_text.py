"""The text of a request over HTTP.

`json.dumps` would search every character of the base64 for what needs an escape, and
copy all of it twice; so only what is around it is made by `json.dumps`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast


def to_text(body: Mapping[str, Any]) -> bytes:
    """Return the JSON text of what `problem_to_json` or `check_request_to_json` returns."""
    return b"".join(_object(body))


def _object(body: Mapping[str, Any]) -> Iterator[bytes]:
    before = "{"
    for name, value in body.items():
        yield f"{before}{json.dumps(name)}:".encode()
        yield from _value(value)
        before = ","
    yield b"}" if body else b"{}"


def _value(value: object) -> Iterator[bytes]:
    if not isinstance(value, dict):
        yield json.dumps(value, allow_nan=False).encode()
        return
    members = cast(dict[str, Any], value)
    yield from _tensor(members) if "data" in members else _object(members)


def _tensor(tensor: Mapping[str, Any]) -> Iterator[bytes]:
    yield json.dumps({**tensor, "data": ""}).removesuffix('"}').encode()
    yield tensor["data"].encode()
    yield b'"}'
