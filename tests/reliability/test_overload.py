"""Promise 5: ten times as many calls as it can answer cost it little, and are soon forgotten.

The service has a core of its own, and its callers, who retry nothing, share the others. To refuse
a call takes a fixed time, so that what is left for answers depends on what an answer takes: a fifth
of a second here.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import pytest

from tests.abuse.served import Served
from tests.reliability.apart import FLOODING_NICENESS, crowd_apart, serving_apart
from tests.reliability.attempts import ANSWERED, REFUSED, UNHINTED, Caller
from tests.reliability.crowd import RAMP_SECONDS, Crowd, Told
from tests.telling import Tell

TIMES = 10
OFFERED_DUE = 0.95
"""Of so many times the peak: less were no such overload."""

ROUNDS = 3
"""Peak and overload in turn, so that both see the same machine."""

CALLERS = 8
"""Who wait for each answer: enough to keep the worker busy, and too few to be refused."""

WARM_SECONDS = 2.0
PEAK_SECONDS = 5.0
FLOOD_SECONDS = 7.0

CALM_RATE = 2.0
"""Calls a second of a caller who is there before, during and after."""

QUIET_SECONDS = 3.0
AFTER_SECONDS = 3.0
SLOW = 2.0
"""Times the slowest of the quiet calls that are not yet calm."""

GOODPUT_PROMISED = 0.9
REFUSAL_PROMISED = 50.0
"""Milliseconds at the 99th percentile."""
RECOVERY_PROMISED = 2.0
"""Seconds."""

REFUSAL_TAKES = 2.0
"""Milliseconds of a core, at most."""


@dataclass(frozen=True)
class Round:
    """A peak, and an overload after it."""

    peak: Told
    flood: Told
    calm: Told
    """During the flood and after it."""
    recovery: float
    answer: float
    refusal: float
    """Seconds of the service's core that each of them took."""

    @property
    def goodput(self) -> float:
        """Answers in a second of the flood, to whomever."""
        since, until = self.flood.began + RAMP_SECONDS, self.flood.began + FLOOD_SECONDS
        return sum(told.goodput_within(since, until) for told in (self.flood, self.calm))

    @property
    def kept(self) -> float:
        """The part of the peak's goodput that is left in the flood."""
        return self.goodput / self.peak.goodput

    @property
    def offered(self) -> float:
        """Calls in a second of the flood, as a multiple of the peak."""
        return self.flood.rate / self.peak.goodput


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_overload(protocol: str, tell: Tell) -> None:
    rounds = _rounds(protocol, "dear")
    for each in rounds:
        tell(_line(each))
    assert median(each.kept for each in rounds) >= GOODPUT_PROMISED
    assert median(each.flood.p(99, REFUSED) for each in rounds) <= REFUSAL_PROMISED
    assert median(each.recovery for each in rounds) <= RECOVERY_PROMISED


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_what_a_refusal_takes(protocol: str, tell: Tell) -> None:
    """Measured where refusals are many, because answers are quick: a fortieth of a second."""
    rounds = _rounds(protocol, "heavy")
    refusal = median(1e3 * each.refusal for each in rounds)
    tell(f"a refusal takes {refusal:.2f} ms of a core, an answer {1e3 * rounds[0].answer:.1f}")
    for each in rounds:
        tell(_line(each))
    assert refusal <= REFUSAL_TAKES


def _rounds(protocol: str, batch: str) -> list[Round]:
    """Return rounds in which there truly was an overload, and everybody refused was told when."""
    with ExitStack() as stack:
        served = stack.enter_context(serving_apart())
        caller = Caller(protocol, served.child.addresses[protocol], batch=batch)
        many = stack.enter_context(crowd_apart(caller, FLOODING_NICENESS))
        calm = stack.enter_context(crowd_apart(caller))
        many.closed(CALLERS, WARM_SECONDS)
        rounds = [_round(served, many, calm) for _ in range(ROUNDS)]
    assert min(each.offered for each in rounds) >= OFFERED_DUE * TIMES
    assert sum(each.flood.words[UNHINTED] for each in rounds) == 0
    assert all(each.flood.words[REFUSED] for each in rounds)
    return rounds


def _round(served: Served, many: Crowd, calm: Crowd) -> Round:
    started = served.processor_seconds()
    peak = many.closed(CALLERS, PEAK_SECONDS)
    of_answer = (served.processor_seconds() - started) / peak.words[ANSWERED]
    quiet = calm.open(CALM_RATE, QUIET_SECONDS)
    started = served.processor_seconds()
    calm.begin(CALM_RATE, FLOOD_SECONDS + AFTER_SECONDS)
    flood = many.open(TIMES * peak.goodput, FLOOD_SECONDS)
    after = calm.told()
    spent = served.processor_seconds() - started
    answered = flood.words[ANSWERED] + after.words[ANSWERED]
    refused = flood.words[REFUSED] + after.words[REFUSED]
    over = flood.began + FLOOD_SECONDS
    return Round(
        peak,
        flood,
        after,
        _recovery(after, over, SLOW * quiet.slowest),
        of_answer,
        (spent - answered * of_answer) / refused,
    )


def _recovery(calm: Told, over: float, slow: float) -> float:
    """Return how long after the overload a calm caller was still refused, or answered late."""
    after = [attempt for attempt in calm.attempts if attempt.began >= over]
    harmed = [a.ended - over for a in after if a.word != ANSWERED or a.seconds > slow]
    return max(harmed, default=0.0)


def _line(each: Round) -> str:
    peak, flood = each.peak, each.flood
    return (
        f"{flood.rate:.0f} calls/s offered, {each.offered:.1f} × the peak: goodput "
        f"{each.goodput:.1f}/s of {peak.goodput:.1f}, "
        f"{each.kept:.0%} (of {GOODPUT_PROMISED:.0%}); refused {flood.share(REFUSED):.0%} within "
        f"p50 {flood.p(50, REFUSED):.1f}, p99 {flood.p(99, REFUSED):.0f} ms "
        f"(of {REFUSAL_PROMISED:g}); recovered after {each.recovery:.1f} s "
        f"(of {RECOVERY_PROMISED:g}); {dict(flood.words)}"
    )
