"""Quotas: exactly as much as they say, and the time after which there is more."""

from __future__ import annotations

import pytest

from lossgrad.errors import Busy
from lossgrad_service.access.caller import Quota
from lossgrad_service.access.quotas import Quotas
from tests.access.clock import Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def quotas(clock):
    return Quotas(clock=clock)


def refusal(charge, *arguments):
    with pytest.raises(Busy) as caught:
        charge(*arguments)
    return caught.value


def test_calls_of_a_minute(quotas, clock):
    mine = ("a", Quota(calls_per_minute=6))
    for _ in range(6):
        quotas.charge_call(*mine)
    error = refusal(quotas.charge_call, *mine)
    assert error.retry_after == pytest.approx(10)
    assert error.message == ("the quota of a, its calls_per_minute, is used up; try again in 10 s")
    clock.now = 10.001
    quotas.charge_call(*mine)
    assert refusal(quotas.charge_call, *mine).retry_after == pytest.approx(9.999)
    clock.now = 1000
    for _ in range(6):
        quotas.charge_call(*mine)
    refusal(quotas.charge_call, *mine)


def test_bytes_of_a_minute(quotas):
    mine = ("a", Quota(bytes_per_minute=600))
    quotas.charge_bytes(*mine, 400)
    error = refusal(quotas.require_bytes, *mine, 300)
    assert error.retry_after == pytest.approx(10)
    assert "bytes_per_minute" in error.message
    quotas.require_bytes(*mine, 200)
    quotas.charge_bytes(*mine, 200)
    assert refusal(quotas.require_bytes, *mine, 1).retry_after == pytest.approx(0.1)


def test_a_call_larger_than_a_minute_is_paid_back(quotas, clock):
    mine = ("a", Quota(bytes_per_minute=60))
    quotas.require_bytes(*mine, 120)
    quotas.charge_bytes(*mine, 120)
    assert refusal(quotas.require_bytes, *mine, 1).retry_after == pytest.approx(61)
    clock.now = 119
    assert refusal(quotas.require_bytes, *mine, 120).retry_after == pytest.approx(1)
    clock.now = 120.001
    quotas.require_bytes(*mine, 120)


def test_what_is_refused_is_not_counted(quotas):
    mine = ("a", Quota(calls_per_minute=2, bytes_per_minute=100))
    quotas.charge_bytes(*mine, 50)
    for _ in range(5):
        refusal(quotas.require_bytes, *mine, 60)
    quotas.require_bytes(*mine, 50)


def test_bytes_that_came_unasked_are_owed(quotas):
    mine = ("a", Quota(bytes_per_minute=60))
    quotas.charge_bytes(*mine, 150)
    assert refusal(quotas.require_bytes, *mine, 1).retry_after == pytest.approx(91)


def test_callers_have_their_own(quotas):
    quotas.charge_call("a", Quota(calls_per_minute=1))
    quotas.charge_call("b", Quota(calls_per_minute=1))
    refusal(quotas.charge_call, "a", Quota(calls_per_minute=1))


def test_another_quota_begins_anew(quotas):
    quotas.charge_call("a", Quota(calls_per_minute=1))
    quotas.charge_call("a", Quota(calls_per_minute=2))
    quotas.charge_call("a", Quota(calls_per_minute=2))
    refusal(quotas.charge_call, "a", Quota(calls_per_minute=2))


def test_the_share_of_a_worker(clock):
    quotas = Quotas(share=0.25, clock=clock)
    mine = ("a", Quota(calls_per_minute=8))
    quotas.charge_call(*mine)
    quotas.charge_call(*mine)
    assert refusal(quotas.charge_call, *mine).retry_after == pytest.approx(30)
