"""Quotas: exactly as much as they say, and the time after which there is more."""

from __future__ import annotations

import pytest

from lossgrad.errors import Busy
from lossgrad_service.access.caller import Caller, Quota
from lossgrad_service.access.quotas import Quotas
from tests.access.clock import Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def quotas(clock):
    return Quotas(clock=clock)


def refusal(quotas, *charge, **options):
    with pytest.raises(Busy) as caught:
        quotas.charge(*charge, **options)
    return caught.value


def test_calls_of_a_minute(quotas, clock):
    caller = Caller("a", Quota(calls_per_minute=6))
    for _ in range(6):
        quotas.charge(caller, 10**12)
    error = refusal(quotas, caller, 0)
    assert error.retry_after == pytest.approx(10)
    assert error.message == ("the quota of a, its calls_per_minute, is used up; try again in 10 s")
    clock.now = 10.001
    quotas.charge(caller, 0)
    assert refusal(quotas, caller, 0).retry_after == pytest.approx(9.999)
    clock.now = 1000
    for _ in range(6):
        quotas.charge(caller, 0)
    refusal(quotas, caller, 0)


def test_bytes_of_a_minute(quotas):
    caller = Caller("a", Quota(bytes_per_minute=600))
    quotas.charge(caller, 400)
    error = refusal(quotas, caller, 300)
    assert error.retry_after == pytest.approx(10)
    assert "bytes_per_minute" in error.message
    quotas.charge(caller, 200)
    assert refusal(quotas, caller, 1).retry_after == pytest.approx(0.1)


def test_a_call_larger_than_a_minute_is_paid_back(quotas, clock):
    caller = Caller("a", Quota(bytes_per_minute=60))
    quotas.charge(caller, 120)
    assert refusal(quotas, caller, 1).retry_after == pytest.approx(61)
    clock.now = 119
    assert refusal(quotas, caller, 120).retry_after == pytest.approx(1)
    clock.now = 120.001
    quotas.charge(caller, 120)


def test_what_is_refused_is_not_counted(quotas):
    caller = Caller("a", Quota(calls_per_minute=2, bytes_per_minute=100))
    quotas.charge(caller, 50)
    for _ in range(5):
        refusal(quotas, caller, 60)
    quotas.charge(caller, 50)
    refusal(quotas, caller, 0)


def test_further_bytes_of_a_call(quotas):
    caller = Caller("a", Quota(calls_per_minute=1, bytes_per_minute=100))
    quotas.charge(caller, 50)
    quotas.charge(caller, 50, calls=0)
    refusal(quotas, caller, 1, calls=0)


def test_callers_have_their_own(quotas):
    one = Caller("a", Quota(calls_per_minute=1))
    quotas.charge(one, 0)
    quotas.charge(Caller("b", Quota(calls_per_minute=1)), 0)
    refusal(quotas, Caller("a", Quota(calls_per_minute=1)), 0)


def test_another_quota_begins_anew(quotas):
    quotas.charge(Caller("a", Quota(calls_per_minute=1)), 0)
    quotas.charge(Caller("a", Quota(calls_per_minute=2)), 0)
    quotas.charge(Caller("a", Quota(calls_per_minute=2)), 0)
    refusal(quotas, Caller("a", Quota(calls_per_minute=2)), 0)


def test_without_a_quota_nothing_is_counted(quotas):
    for _ in range(1000):
        quotas.charge(Caller("a"), 2**62)


def test_the_share_of_a_worker(clock):
    quotas = Quotas(share=0.25, clock=clock)
    caller = Caller("a", Quota(calls_per_minute=8))
    quotas.charge(caller, 0)
    quotas.charge(caller, 0)
    assert refusal(quotas, caller, 0).retry_after == pytest.approx(30)
