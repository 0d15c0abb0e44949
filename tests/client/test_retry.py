"""The retry policy, with a clock that stands still and outcomes from a script."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from lossgrad.errors import (
    Busy,
    Cancelled,
    DeadlineExceeded,
    Internal,
    InvalidArgument,
    TooLarge,
    Unavailable,
    Unimplemented,
)
from lossgrad.retry import LONGEST_PAUSE, RETRYABLE, RetryPolicy, Step, TokenBucket


class World:
    """A clock that only pauses and attempts move, and jitter that is a constant."""

    def __init__(self, draw=0.5):
        self.now = 100.0
        self.policy = RetryPolicy(clock=lambda: self.now, draw=lambda: draw)

    def call(self, outcomes, timeout=60.0, attempt=0.0):
        """Play one call; return its steps and the error that ended it, if any."""
        attempts = self.policy.begin(timeout)
        try:
            steps = [Step(0.0, attempts.first())]
        except DeadlineExceeded as error:
            return [], error
        for outcome in outcomes:
            self.now += attempt
            if outcome is None:
                return steps, None
            try:
                step = attempts.after(outcome)
            except Exception as error:
                return steps, error
            steps.append(step)
            self.now += step.pause
        return steps, None


def test_success_at_once():
    steps, error = World().call([None], timeout=7.0)
    assert error is None
    assert [(s.pause, s.timeout) for s in steps] == [(0.0, 7.0)]


def test_waiting_for_ones_turn_takes_of_the_time():
    world = World()
    attempts = world.policy.begin(7.0)
    world.now += 5.0
    assert attempts.first() == 2.0
    world.now += 2.0
    with pytest.raises(DeadlineExceeded, match="no answer within 7 s"):
        attempts.first()


@pytest.mark.parametrize("kind", RETRYABLE)
def test_pauses_double_up_to_a_limit_and_share_the_deadline(kind):
    steps, error = World(draw=0.5).call([kind("x")] * 7 + [None], timeout=60.0, attempt=1.0)
    pauses = [s.pause for s in steps]
    assert error is None
    assert pauses == [0.0, 0.1, 0.2, 0.4, 0.8, 1.5, 1.5, 1.5]
    assert steps[-1].timeout == pytest.approx(60.0 - 7.0 - sum(pauses))


@pytest.mark.parametrize(
    "error",
    [
        InvalidArgument("x"),
        TooLarge("x"),
        DeadlineExceeded("x"),
        Unimplemented("x"),
        Internal("x"),
    ],
)
def test_other_errors_end_the_call(error):
    assert World().call([error]) == ([World().call([None])[0][0]], error)


@pytest.mark.parametrize("kind", [Busy, Unavailable])
def test_a_hint_is_the_least_pause(kind):
    steps, _ = World(draw=0.5).call([kind("x", retry_after=3.0), None])
    assert steps[1].pause == 3.1


def test_jitter_is_full():
    assert World(draw=0.0).call([Unavailable("x")])[0][1].pause == 0.0
    longest = World(draw=1.0).call([Unavailable("x")] * 9)[0][-1].pause
    assert longest == LONGEST_PAUSE


def test_a_pause_beyond_the_deadline_raises_the_last_error():
    last = Busy("x", retry_after=3.0)
    steps, error = World().call([last], timeout=2.0)
    assert len(steps) == 1
    assert error is last


def test_no_time_left_is_deadline_exceeded():
    last = Unavailable("went away")
    _, error = World().call([last], timeout=2.0, attempt=2.5)
    assert isinstance(error, DeadlineExceeded)
    assert str(error) == "no answer within 2 s; last: went away"
    assert error.__cause__ is last


@pytest.mark.parametrize("said", ["Deadline Exceeded", "Stream removed", ""])
def test_the_end_of_the_time_has_one_wording(said):
    _, error = World().call([Busy("x"), DeadlineExceeded(said)], timeout=0.5, attempt=0.25)
    assert isinstance(error, DeadlineExceeded)
    assert str(error) == "no answer within 0.5 s"


def test_what_the_server_finds_wrong_is_told_however_late():
    last = InvalidArgument("x")
    assert World().call([last], timeout=2.0, attempt=2.5)[1] is last


class Ticking(World):
    """A clock that moves on by 0.2 s whenever it is read."""

    def __init__(self):
        super().__init__(draw=0.9)
        self.policy = RetryPolicy(clock=self._tick, draw=lambda: 0.9)

    def _tick(self):
        self.now += 0.2
        return self.now


@pytest.mark.parametrize("timeout", [1e-6, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_no_attempt_is_without_time(timeout):
    steps, error = Ticking().call([Unavailable("x")] * 9, timeout=timeout)
    assert all(step.timeout > 0 for step in steps)
    assert isinstance(error, (DeadlineExceeded, Unavailable))


def test_what_is_permanent_is_not_tried_again():
    error = Unavailable("not trusted", is_permanent=True)
    assert World().call([error]) == (World().call([None])[0], error)


def test_a_dead_server_sees_a_tenth_more():
    world = World(draw=0.0)
    attempts = sum(len(world.call([Unavailable("x")] * 99)[0]) for _ in range(1000))
    assert 1.1 * 1000 - 1 <= attempts <= 1.1 * 1000 + TokenBucket.CAPACITY


def test_successes_refill_the_bucket_to_its_brim_only():
    world = World(draw=0.0)
    world.call([Unavailable("x")] * 99)
    assert len(world.call([Unavailable("x")] * 99)[0]) == 1
    for _ in range(500):
        world.call([None])
    assert len(world.call([Cancelled("x")] * 99)[0]) == 1 + TokenBucket.CAPACITY


def test_the_bucket_is_exact_under_threads():
    bucket = TokenBucket()
    with ThreadPoolExecutor(8) as pool:
        paid = list(pool.map(lambda _: bucket.spend(), range(1000)))
    assert sum(paid) == TokenBucket.CAPACITY
