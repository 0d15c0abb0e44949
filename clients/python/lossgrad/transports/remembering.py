"""An iterator whose own failure is not lost where somebody else drives it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Remembering(Generic[Item]):
    """Yields what another iterator does, and ends where that one fails.

    gRPC asks for the messages to send in a thread or task of its own, where it would
    log whatever is raised, such as the OSError of a memory-mapped file that is gone, and
    cancel the call with no word about it.
    """

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        try:
            return next(self._items)
        except StopIteration:
            raise
        except Exception as error:
            self._error = error
            raise StopIteration from None

    def drop(self) -> None:
        """End, and let go of what the items are made of."""
        self._items = iter(())

    def raise_own(self) -> None:
        """Raise what the iterator failed with, if it did."""
        if self._error is not None:
            raise self._error
