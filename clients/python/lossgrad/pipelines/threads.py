"""The pipeline of the blocking client."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, wait
from functools import partial
from itertools import islice
from threading import Event
from typing import TypeVar

from lossgrad.errors import Cancelled, InvalidArgument
from lossgrad.pipelines.futures import failed_future

Done = TypeVar("Done")
Pause = Callable[[float], None]


def pipelined(
    batches: Iterable[object], begin: Callable[[object, Pause], Future[Done]], depth: int
) -> Generator[Done]:
    """Yield what becomes of each batch, in order, with at most `depth` of them under way.

    However it ends, nothing is under way any more then.

    Parameters
    ----------
    batches : iterable
        Read in the caller's thread, and no sooner than a call may begin.
    begin : callable
        Begins the call of a batch. It is also given what to pause with, which raises
        once nobody waits for the call any more.
    depth : int
        At least 1.
    """
    process, ended = os.getpid(), Event()
    under_way: deque[Future[Done]] = deque()
    begun = _begin_each(batches, lambda batch: begin(batch, partial(_pause, ended)))
    try:
        while True:
            under_way.extend(islice(begun, depth - len(under_way)))
            if not under_way:
                return
            _require_same(process)
            # It stays under way until it is done, even if waiting for it is interrupted.
            result = under_way[0].result()
            under_way.popleft()
            yield result
            del result
    finally:
        ended.set()
        running = [future for future in under_way if not future.cancel()]
        # Neither a fork nor the end of the interpreter leaves a thread to wait for.
        if os.getpid() == process and not sys.is_finalizing():
            wait(running)


def _begin_each(
    batches: Iterable[object], begin: Callable[[object], Future[Done]]
) -> Iterator[Future[Done]]:
    """Yield each batch's future; where one cannot be had, the error takes its place."""
    try:
        for batch in batches:
            yield begin(batch)
    except Exception as error:  # the caller's own, of whatever makes the batches
        yield failed_future(error)


def _pause(ended: Event, seconds: float) -> None:
    if ended.wait(seconds):
        raise Cancelled("nobody waits for the result any more")


def _require_same(process: int) -> None:
    """Refuse to go on in a fork, which has none of the threads that calls are under way in."""
    if os.getpid() != process:
        raise InvalidArgument.at("batches", "map ends with a fork; call map again in the child")
