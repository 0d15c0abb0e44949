"""Child processes that do what comes through a pipe, and end with whoever started them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from lossgrad_service.child.interrupts import interrupts_held_back

# A fork would copy the parent's threads' locks in whatever state they are.
_SPAWN = multiprocessing.get_context("spawn")

STOP_SECONDS = 5.0
"""What a process gets to finish what it does before it is terminated."""


class ProcessDied(ChildProcessError):
    """A process went away without an answer."""


class Piped:
    """One process and this end of its pipe.

    Parameters
    ----------
    name
        What errors call it.
    serve
        What it does with its own end, as long as that lasts.
    arguments
        What `serve` is given besides.
    """

    def __init__(self, name: str, serve: Callable[..., None], *arguments: object) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(
            target=serve, args=(theirs, *arguments), name=name, daemon=True
        )
        self._process.start()
        theirs.close()  # or the pipe would not end with the process

    def send(self, said: object) -> None:
        """Say something to it.

        Raises
        ------
        ProcessDied
            Where nobody is there.
        """
        with self._death_told():
            self._pipe.send(said)

    def receive(self) -> Any:
        """Return what it says next.

        Raises
        ------
        ProcessDied
            Where it ended before.
        """
        with self._death_told():
            return self._pipe.recv()

    def stop(self) -> None:
        """Have it end once it has finished what it does, or after `STOP_SECONDS`."""
        self._pipe.close()
        self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()

    @contextmanager
    def _death_told(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, ConnectionError) as error:
            text = "died without an answer; where it said why, that stands above"
            raise ProcessDied(f"{self._process.name} {text}") from error


@contextmanager
def running_piped(
    names: Iterable[str], serve: Callable[..., None], *arguments: object
) -> Iterator[list[Piped]]:
    """Start a process for each name, and stop them at the end; see `Piped`."""
    with ExitStack() as stack:
        started: list[Piped] = []
        with interrupts_held_back():
            for name in names:
                started.append(Piped(name, serve, *arguments))
                stack.callback(started[-1].stop)
        yield started
