"""From the body of a request to a checked call."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from typing import TypeVar, cast

import orjson
from pydantic import BaseModel, ValidationError

from lossgrad.codecs.json import JsonCall, problem_from_json
from lossgrad.codecs.json_checks import check_request_from_json
from lossgrad.codecs.not_json import reason
from lossgrad.errors import InvalidArgument, Violation
from lossgrad.types import CheckRequest
from lossgrad_service.http_api import schemas
from lossgrad_service.http_api.repeated_keys import check_keys

Request = TypeVar("Request")


def read_call(body: bytes | bytearray) -> JsonCall:
    """Return the call that a JSON body states.

    Raises
    ------
    InvalidArgument
        Where the body is not JSON, has a key twice or more keys than there are, is not a
        `schemas.ComputeRequest`, or states no consistent problem.
    """
    return _read(body, schemas.ComputeRequest, problem_from_json)


def read_check(body: bytes | bytearray) -> CheckRequest:
    """Return the check that a JSON body asks for.

    Raises
    ------
    InvalidArgument
        As `read_call`, of a `schemas.CheckRequest`.
    """
    return _read(body, schemas.CheckRequest, check_request_from_json)


def _read(
    body: bytes | bytearray, model: type[BaseModel], read: Callable[[object], Request]
) -> Request:
    document = _parse(body)
    check_keys(body, document)
    _check_counts(document, model)
    try:
        model.model_validate(document)
    except ValidationError as error:
        # The codec refuses the same in the words that every transport has for it.
        read(document)
        raise _in_pydantic_words(error) from None
    return read(document)


def _parse(body: bytes | bytearray) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidArgument.at("", f"the body is not JSON: {reason(error)}") from None


def _check_counts(document: object, model: type[BaseModel]) -> None:
    """Check that there are not thousands of keys, each of which is refused by its name."""
    if not isinstance(document, dict):
        return
    members = cast(dict[str, object], document)
    _check_count(members, model)
    if model is schemas.CheckRequest and isinstance(members.get("gradients"), dict):
        own = cast(dict[str, object], members["gradients"])
        _check_count(own, schemas.OwnGradients, "gradients.")


def _check_count(keys: Collection[str], model: type[BaseModel], within: str = "") -> None:
    known = _names_in(model)
    if len(keys) > len(known):
        first = next(key for key in keys if key not in known)
        text = f"is not an input or option of this call; it has {len(known)}, not {len(keys)}"
        raise InvalidArgument.at(within + first, text)


@cache
def _names_in(model: type[BaseModel]) -> frozenset[str]:
    """Return every name that a field may go by."""
    fields = model.model_fields.items()
    return frozenset(name for own, field in fields for name in (own, field.alias or own))


def _in_pydantic_words(error: ValidationError) -> InvalidArgument:
    return InvalidArgument.of(
        [Violation(_path(e["loc"]), e["msg"]) for e in error.errors(include_input=False)]
    )


def _path(location: tuple[int | str, ...]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")
