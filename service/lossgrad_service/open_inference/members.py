"""Members of objects of JSON, each held to what it must be.

One that is null is as one that is left out. All of these raise `InvalidArgument` with the
path of what is something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from lossgrad.codecs.json_arrays import shown
from lossgrad.errors import InvalidArgument
from lossgrad_service.open_inference.sent import Parameters

Members = Mapping[str, object]


def read_shape(sent: Members, name: str) -> list[int]:
    """Return the member `shape` of an input."""
    shape = sent.get("shape")
    if not isinstance(shape, list) or any(type(extent) is not int for extent in shape):
        raise InvalidArgument.at(f"{name}.shape", f"must be a list of integers, got {shown(shape)}")
    return shape


def read_parameters(sent: Members, where: str) -> Parameters:
    """Return the member `parameters` of the object at a path, nothing where it is left out."""
    value = sent.get("parameters")
    if value is None:
        return {}
    if not isinstance(value, dict):
        text = f"must be an object, got {shown(value)}"
        raise InvalidArgument.at(_path(where, "parameters"), text)
    return cast(dict[str, object], value)


def read_flag(parameters: Parameters, name: str, where: str, *, default: bool) -> bool:
    """Return a parameter that is true or false."""
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise InvalidArgument.at(_path(where, name), f"must be true or false, got {shown(value)}")
    return value


def read_text(sent: Members, key: str, where: str, default: object = None) -> str:
    """Return a member that is a text, of the object at a path."""
    value = _member(sent, key, default)
    if not isinstance(value, str):
        raise InvalidArgument.at(_path(where, key), f"must be a text, got {shown(value)}")
    return value


def read_list(sent: Members, key: str, default: object = None) -> list[object]:
    """Return a member of the request that is a list."""
    value = _member(sent, key, default)
    if not isinstance(value, list):
        raise InvalidArgument.at(key, f"must be a list, got {shown(value)}")
    return value


def read_object(value: object, where: str, known: frozenset[str]) -> dict[str, object]:
    """Return an object that has no keys but those that are known."""
    if not isinstance(value, dict):
        what = "" if where else "the body "
        raise InvalidArgument.at(where, f"{what}must be a JSON object, got {shown(value)}")
    members = cast(dict[str, object], value)
    unknown = next((key for key in members if key not in known), None)
    if unknown is not None:
        text = f"is not known here; there are {', '.join(sorted(known))}"
        raise InvalidArgument.at(_path(where, unknown), text)
    return members


def _member(sent: Members, key: str, default: object) -> object:
    """Return a member; libraries write null for what their caller did not tell."""
    value = sent.get(key)
    return default if value is None else value


def _path(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
