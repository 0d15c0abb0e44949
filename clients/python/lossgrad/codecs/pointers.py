"""Field paths as JSON pointers (RFC 6901): ``scores[3][1]`` is ``/scores/3/1``."""

from __future__ import annotations

import re

_INDEX = re.compile(r"\[(\d+)\]")


def to_pointer(field: str) -> str:
    """Return the pointer for a field path; the empty path is the whole document."""
    if not field:
        return ""
    tokens = _INDEX.sub(r".\1", field).split(".")
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in tokens)


def to_field(pointer: str) -> str:
    """Return the field path for a pointer; a number behind a name is an index."""
    tokens = [t.replace("~1", "/").replace("~0", "~") for t in pointer.split("/")[1:]]
    if not tokens:
        return ""
    rest = (f"[{t}]" if t.isascii() and t.isdigit() else f".{t}" for t in tokens[1:])
    return tokens[0] + "".join(rest)
