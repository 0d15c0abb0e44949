"""From the body of a request to a checked call."""

from __future__ import annotations

from typing import Final, cast

import orjson
from pydantic import ValidationError

from lossgrad.codecs.json import JsonCall, problem_from_json
from lossgrad.errors import InvalidArgument, Violation
from lossgrad_service.http_api.repeated_keys import check_keys
from lossgrad_service.http_api.schemas import ComputeRequest

_KEYS: Final = frozenset(ComputeRequest.model_fields)


def read_call(body: bytes | bytearray) -> JsonCall:
    """Return the call that a JSON body states.

    Raises
    ------
    InvalidArgument
        Where the body is not JSON, has a key twice or more keys than there are, is not a
        `ComputeRequest`, or states no consistent problem.
    """
    document = _parse(body)
    check_keys(body, document)
    _check_count(document)
    try:
        ComputeRequest.model_validate(document)
    except ValidationError as error:
        # The codec refuses the same in the words that every transport has for it.
        problem_from_json(document)
        raise _in_pydantic_words(error) from None
    return problem_from_json(document)


def _parse(body: bytes | bytearray) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidArgument.at("", f"the body is not JSON: {error.msg} ({where})") from None


def _check_count(document: object) -> None:
    """Check that there are not thousands of keys, each of which is refused by its name."""
    if not isinstance(document, dict):
        return
    keys = cast(dict[str, object], document)
    if len(keys) > len(_KEYS):
        first = next(key for key in keys if key not in _KEYS)
        text = f"is not an input or option of this call; it has {len(_KEYS)}, not {len(keys)}"
        raise InvalidArgument.at(first, text)


def _in_pydantic_words(error: ValidationError) -> InvalidArgument:
    return InvalidArgument.of(
        [Violation(_path(e["loc"]), e["msg"]) for e in error.errors(include_input=False)]
    )


def _path(location: tuple[int | str, ...]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")
