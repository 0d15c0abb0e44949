"""Forks wait for attempts of other threads, and attempts for forks; neither for ever."""

from __future__ import annotations

from tests.client.test_processes import run

OTHERS = """
    import asyncio, threading
    from threading import Event, Thread
    from lossgrad.transports import forks
    from lossgrad.transports.forks import Attempt

    os.register_at_fork(before=lambda: in_fork())  # called once no attempt is under way
    forks.make_forks_wait()
    in_fork = lambda: None
    may_end, told, begun = Event(), [], threading.Barrier(2)

    def attempt():
        with Attempt(20):
            begun.wait()
            may_end.wait(20)
            told.append("attempt")

    def fork():
        child = os.fork()
        told.append("fork")
        if child == 0:
            os._exit(0 if told == expected and is_fine() else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert told == expected, told

    def is_fine():
        others = Thread(target=go_on)
        others.start()
        others.join()
        return told.pop() == "gone on"

    def go_on():
        with Attempt(20):
            pass
        child = os.fork()
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        told.append("gone on")

    def begin(work):
        Thread(target=work, daemon=True).start()
        begun.wait()
"""


def told_by(*parts: str) -> tuple[int, str, str]:
    done = run("", OTHERS, *parts)
    return done.returncode, done.stdout, done.stderr


def test_a_fork_waits_for_the_attempts_of_other_threads():
    assert told_by("""
        os.register_at_fork(before=may_end.set)  # called before those registered earlier
        expected = ["attempt", "fork"]
        begin(attempt)
        fork()
    """) == (0, "", "")


def test_a_fork_waits_for_an_attempt_once_and_not_for_ever():
    assert told_by("""
        forks.LONGEST_WAIT = 0.1
        expected = ["fork"]
        begin(attempt)
        fork()
        forks.LONGEST_WAIT = 1000
        expected *= 2
        fork()
        assert is_fine()
    """) == (0, "", "")


def test_a_fork_does_not_wait_for_an_attempt_of_its_own_thread():
    assert told_by("""
        forks.LONGEST_WAIT = 1000
        expected = ["fork"]
        with Attempt(20):
            fork()

        async def main():
            async with Attempt(20):
                fork()

        expected *= 2
        asyncio.run(main())
    """) == (0, "", "")


def test_an_attempt_waits_for_a_fork_for_as_long_as_it_may():
    assert told_by("""
        def late():
            for enter in (blocking, lambda timeout: asyncio.run(awaiting(timeout))):
                try:
                    enter(0.01)
                except lossgrad.DeadlineExceeded as error:
                    assert str(error) == "no answer within 0.01 s"
                    told.append("late")

        def blocking(timeout):
            with Attempt(timeout) as left:
                told.append("begun")
                return left

        async def awaiting(timeout):
            async with Attempt(timeout) as left:
                told.append("begun")
                return left

        def in_time():
            assert blocking(20) < 20

        waiting = Thread(target=in_time)

        def in_fork():
            too_late = Thread(target=late)
            too_late.start()
            too_late.join()
            waiting.start()

        child = os.fork()
        if child == 0:
            os._exit(told != ["late", "late"])
        waiting.join()
        assert os.waitpid(child, 0)[1] == 0
        assert told == ["late", "late", "begun"], told
        assert asyncio.run(awaiting(20)) < 20
    """) == (0, "", "")


FIRST_CHANNEL = """
    import threading, time
    from lossgrad.transports import forks

    begun = threading.Event()

    def attempt():
        with forks.Attempt(20):
            begun.set()
            while not forks._forking:
                time.sleep(0.001)
            forks.make_forks_wait()

    opening = threading.Thread(target=attempt)
    opening.start()
    assert begun.wait(20)
    for _ in range(2):
        child = os.fork()
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        opening.join()
        with forks.Attempt(20):
            pass
    assert not forks._to_register
"""


def test_a_fork_that_waits_for_the_first_channel_has_no_hooks_of_the_next():
    done = run("", FIRST_CHANNEL)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
