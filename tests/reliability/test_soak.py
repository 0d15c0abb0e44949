"""Promise 10: what the service holds does not grow; and a leak would be seen."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.reliability.slopes import Verdict, judge
from tests.reliability.soaked import LEAKS, NONE, serving_soaked
from tests.reliability.soaking import soak
from tests.telling import Tell

WARM_SECONDS = 75.0
"""Some ten thousand calls of all kinds, after which the heap is as large as it gets."""

LONG_SECONDS, LONG_BAR = 900.0, 1.0
"""From which on memory is held to the promise, in per cent an hour."""

SHORT_BAR = 1_500.0
"""The same of what a minute can tell: heaps still grow by a step of 30 MiB now and then."""

PLANTED_WARM_SECONDS, PLANTED_SECONDS = 15.0, 30.0


def verdict_on(leak: str, warm: float, seconds: float, tell: Tell) -> Verdict:
    """Soak a service with a leak, or none; what it gains while it gets warm does not count."""
    calls: Counter[str] = Counter()
    with serving_soaked(leak) as served:
        for _ in soak(served, warm, Counter()):
            pass
        samples = list(soak(served, seconds, calls))
        served.assert_answers()
    verdict = judge(samples)
    tell(f"{verdict}; {dict(calls)}; first {samples[0].holdings}; last {samples[-1].holdings}")
    return verdict


def test_nothing_leaks(request: pytest.FixtureRequest, tell: Tell) -> None:
    seconds = request.config.getoption("--soak-seconds")
    verdict = verdict_on(NONE, WARM_SECONDS, seconds, tell)
    assert verdict.leaks(LONG_BAR if seconds >= LONG_SECONDS else SHORT_BAR) == ()


@pytest.mark.parametrize("leak", LEAKS)
def test_planted_leak_is_seen(leak: str, tell: Tell) -> None:
    verdict = verdict_on(leak, PLANTED_WARM_SECONDS, PLANTED_SECONDS, tell)
    assert leak in verdict.leaks(SHORT_BAR)
