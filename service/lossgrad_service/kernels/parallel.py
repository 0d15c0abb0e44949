"""Work on ranges of rows, shared among the threads of one small pool.

The pool is the process's own and has one thread fewer than there are cores: whoever
asks for work to be done does some of it. Helpers take what is left, in order; a
helper that is busy elsewhere is not waited for. Who does what changes no bit: every
item is computed as it would be alone.

Numba's own parallel loops are not used: its default threading layer must not be
entered from two threads at once.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from functools import cache, partial
from typing import Any, TypeVar

from lossgrad_service.kernels.helpers import Helpers
from lossgrad_service.kernels.wanted import CHECKPOINT, while_wanted

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

_helpers = cache(Helpers)

if hasattr(os, "register_at_fork"):  # Windows has no forks
    # The threads of a pool do not live on in a forked child.
    os.register_at_fork(after_in_child=_helpers.cache_clear)


def in_parallel(
    work: Callable[[Item], Outcome], items: Iterable[Item], threads: int
) -> list[Outcome]:
    """Return what `work` gives for each item, in their order.

    Parameters
    ----------
    work
        Releases the GIL where it takes long.
    items
        What to do; few enough that handing one over costs nothing beside it.
    threads
        How many work at the same time at most, the caller's included.

    Raises
    ------
    Exception
        The first that `work`, or the context's checkpoint before an item, raised; what was
        not begun by then is not done.
    """
    if threads == 1:
        return list(map(work, while_wanted(list(items))))
    work_left = _WorkLeft(work, items)
    futures: list[Future[None]] = []
    try:
        # Where no helper can be had, as at the interpreter's end, the caller does it all.
        with suppress(RuntimeError):
            helpers = _helpers()
            helpers.leave_this_core()
            futures.extend(
                helpers.ask(partial(copy_context().run, work_left.take_on))
                for _ in range(min(threads, work_left.size) - 1)
            )
        work_left.take_on()
    finally:
        begun = [future for future in futures if not future.cancel()]
        _await(begun)
    # An error's traceback has this frame: a future in it would be a cycle around the items.
    del futures
    while begun:
        begun.pop(0).result()
    return work_left.outcomes


class _WorkLeft:
    """Items that nobody has begun, and the outcomes of the others."""

    def __init__(self, work: Callable[[Any], Any], items: Iterable[Any]) -> None:
        self._work = work
        self._left = deque(enumerate(items))
        self.size = len(self._left)
        self.outcomes: list[Any] = [None] * self.size

    def take_on(self) -> None:
        """Do items until none is left; where one raises, leave none."""
        check = CHECKPOINT.get()
        try:
            while self._left:
                check()
                self._do_next()
        except BaseException:
            self._left.clear()
            raise

    def _do_next(self) -> None:
        try:
            place, item = self._left.popleft()
        except IndexError:  # another thread was quicker
            return
        self.outcomes[place] = self._work(item)


def _await(futures: list[Future[None]]) -> None:
    """Return when all are done, whatever they raised."""
    for future in futures:
        future.exception()
