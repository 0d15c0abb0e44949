"""Long work, ended between its parts once nobody wants it any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")


def _for_ever() -> None:
    pass


CHECKPOINT: ContextVar[Callable[[], None]] = ContextVar("checkpoint", default=_for_ever)
"""Called between the parts of what is computed in a context; what it raises ends that."""


def while_wanted(items: Sequence[Item]) -> Iterator[Item]:
    """Yield items, and call the context's checkpoint before each.

    A lone one is not asked about: small work has one item at each step, and no time.

    Raises
    ------
    Exception
        What the checkpoint raised.
    """
    if len(items) == 1:
        yield items[0]
        return
    check = CHECKPOINT.get()
    for item in items:
        check()
        yield item
