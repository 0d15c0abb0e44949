from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from lossgrad_service.child.interrupts import interrupts_held_back


def interrupted_within(interrupt: Callable[[], object]) -> list[str]:
    """Return how far a block came in which an interrupt struck."""
    reached: list[str] = []

    def block() -> None:
        with interrupts_held_back():
            interrupt()
            reached.append("end of block")
        reached.append("after block")

    with pytest.raises(KeyboardInterrupt):
        block()
    return reached


@contextmanager
def other_thread() -> Iterator[int]:
    """Run a thread that waits, and yield its id."""
    done = Event()
    thread = Thread(target=done.wait)
    thread.start()
    assert thread.ident is not None
    try:
        yield thread.ident
    finally:
        done.set()
        thread.join()


def test_interrupt_is_acted_on_at_the_end() -> None:
    reached = interrupted_within(lambda: signal.raise_signal(signal.SIGINT))
    assert reached == ["end of block"]


def test_interrupt_that_another_thread_takes_is_acted_on_at_the_end() -> None:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)

    def interrupt() -> None:
        signal.pthread_kill(thread, signal.SIGINT)
        ours.recv(1)  # written when the thread has taken it

    with ours, theirs, other_thread() as thread:
        before = signal.set_wakeup_fd(theirs.fileno())
        reached = interrupted_within(interrupt)
        signal.set_wakeup_fd(before)
    assert reached == ["end of block"]


def test_handler_and_mask_are_as_before() -> None:
    handler, mask = signal.getsignal(signal.SIGINT), signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with interrupts_held_back():
        pass
    assert signal.getsignal(signal.SIGINT) is handler
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask
