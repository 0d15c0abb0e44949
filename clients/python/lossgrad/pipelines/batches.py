"""What goes into a pipeline: batches, and how many of them at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self, cast

from lossgrad.errors import InvalidArgument

DEFAULT_DEPTH: Final = 3

DEEPEST: Final = 64
"""Most calls that are under way at a time, in one pipeline and in one process."""


class Batch(NamedTuple):
    """What the caller says of one call."""

    arguments: Mapping[str, object]
    """Inputs and options."""
    out: object
    timeout: float | None

    @classmethod
    def of(cls, value: object, timeout: float | None) -> Self:
        """Return the batch that a dict of keyword arguments is; it may have its own timeout.

        Raises
        ------
        InvalidArgument
            Where it is no dict.
        """
        if not isinstance(value, Mapping):
            text = f"must hold dicts of compute's arguments, got {type(value).__name__}"
            raise InvalidArgument.at("batches", text)
        arguments = dict(cast(Mapping[str, Any], value))
        return cls(
            out=arguments.pop("out", None),
            timeout=arguments.pop("timeout", timeout),
            arguments=arguments,
        )


def require_iterable(batches: object, *kinds: type[Any]) -> None:
    """Raise InvalidArgument where `batches` is none of `kinds`."""
    if not isinstance(batches, kinds):
        text = f"must be an iterable of dicts of compute's arguments, got {type(batches).__name__}"
        raise InvalidArgument.at("batches", text)


def read_depth(value: object) -> int:
    """Return how many calls may be under way at a time.

    Raises
    ------
    InvalidArgument
        Where it is not an integer from 1 to `DEEPEST`.
    """
    is_integer = hasattr(value, "__index__") and not isinstance(value, bool)
    if is_integer and 1 <= cast(Any, value) <= DEEPEST:
        return int(cast(Any, value))
    raise InvalidArgument.at("depth", f"must be an integer from 1 to {DEEPEST}, got {value!r}")
