"""Reading where several servers are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from lossgrad.errors import InvalidArgument
from lossgrad.transports.target import parse_target


def read_targets(value: object) -> tuple[str, ...]:
    """Return the targets of servers that can share a batch.

    Raises
    ------
    InvalidArgument
        Where there is none, one means nothing, or arrays travel to them in several ways.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        text = f"must be a list of targets, such as ['one:50051', 'two:50051'], got {value!r}"
        raise InvalidArgument.at("targets", text)
    targets = tuple(cast(Iterable[Any], value))
    if not targets:
        raise InvalidArgument.at("targets", "must be at least one target, got none")
    kinds = {parse_target(target).kind for target in targets}
    if len(kinds) > 1:
        text = f"must all be of one kind, got {' and '.join(sorted(kinds))}"
        raise InvalidArgument.at("targets", text)
    return targets
