"""Promise 5: ten times as many calls as it can answer cost it little, and are soon forgotten.

Callers who retry nothing and the service share two cores, so that each refusal takes from what
is left for answers: what fails a test is looser than the promise.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import pytest

from tests.abuse.served import serving
from tests.reliability.attempts import ANSWERED, REFUSED, UNHINTED, Caller
from tests.reliability.crowd import Crowd, Told, crowd
from tests.telling import Tell

TIMES = 10
ROUNDS = 3
"""Peak and overload in turn, so that both see the same machine."""

CALLERS = 8
"""Who wait for each answer: enough to keep both workers busy, and too few to be refused."""

WARM_SECONDS = 2.0
PEAK_SECONDS = 5.0
FLOOD_SECONDS = 6.0

CALM_RATE = 10.0
"""Calls a second of a caller who is there before, during and after."""

QUIET_SECONDS = 3.0
AFTER_SECONDS = 4.0
SLOW = 2.0
"""Times the slowest of the quiet calls that are not yet calm."""

GOODPUT_PROMISED, GOODPUT_DUE = 0.9, 0.7
REFUSAL_PROMISED, REFUSAL_ALLOWED = 50.0, 250.0
"""Milliseconds at the 99th percentile."""
RECOVERY_PROMISED, RECOVERY_ALLOWED = 2.0, 4.0
"""Seconds."""


@dataclass(frozen=True)
class Round:
    """A peak, and an overload after it."""

    peak: Told
    flood: Told
    recovery: float

    @property
    def kept(self) -> float:
        """The part of the peak's goodput that is left in the flood."""
        return self.flood.goodput / self.peak.goodput


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_overload(protocol: str, tell: Tell) -> None:
    with ExitStack() as stack:
        target = stack.enter_context(serving()).child.addresses[protocol]
        many, calm = (stack.enter_context(crowd(Caller(protocol, target))) for _ in range(2))
        many.closed(CALLERS, WARM_SECONDS)
        rounds = [_round(many, calm) for _ in range(ROUNDS)]
    for each in rounds:
        tell(_line(each))
    assert sum(each.flood.words[UNHINTED] for each in rounds) == 0
    assert all(each.flood.words[REFUSED] for each in rounds)
    assert median(each.kept for each in rounds) >= GOODPUT_DUE
    assert median(each.flood.p(99, REFUSED) for each in rounds) <= REFUSAL_ALLOWED
    assert median(each.recovery for each in rounds) <= RECOVERY_ALLOWED


def _round(many: Crowd, calm: Crowd) -> Round:
    peak = many.closed(CALLERS, PEAK_SECONDS)
    quiet = calm.open(CALM_RATE, QUIET_SECONDS)
    calm.begin(CALM_RATE, FLOOD_SECONDS + AFTER_SECONDS)
    flood = many.open(TIMES * peak.goodput, FLOOD_SECONDS)
    over = flood.began + FLOOD_SECONDS
    return Round(peak, flood, _recovery(calm.told(), over, SLOW * quiet.slowest))


def _recovery(calm: Told, over: float, slow: float) -> float:
    """Return how long after the overload a calm caller was still refused, or answered late."""
    after = [attempt for attempt in calm.attempts if attempt.began >= over]
    harmed = [a.ended - over for a in after if a.word != ANSWERED or a.seconds > slow]
    return max(harmed, default=0.0)


def _line(each: Round) -> str:
    peak, flood = each.peak, each.flood
    return (
        f"{flood.rate:.0f} calls/s offered: goodput {flood.goodput:.1f}/s of {peak.goodput:.1f}, "
        f"{each.kept:.0%} (of {GOODPUT_PROMISED:.0%}); refused {flood.share(REFUSED):.0%} within "
        f"p50 {flood.p(50, REFUSED):.1f}, p99 {flood.p(99, REFUSED):.0f} ms "
        f"(of {REFUSAL_PROMISED:g}); recovered after {each.recovery:.1f} s "
        f"(of {RECOVERY_PROMISED:g}); {dict(flood.words)}"
    )
