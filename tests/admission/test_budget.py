"""Bytes that are handed out, in all and to each caller."""

from __future__ import annotations

import pytest

from lossgrad_service.admission.budget import Budget, Claim


def test_one_caller_gets_half():
    budget = Budget(100)
    assert budget.take(Claim("a", 50))
    assert not budget.take(Claim("a", 1))
    assert budget.take(Claim("b", 50))
    assert not budget.take(Claim("c", 1))
    assert budget.taken == 100


@pytest.mark.parametrize(("most", "size", "fits"), [(7, 7, True), (7, 8, False), (200, 101, False)])
def test_share_may_be_chosen(most, size, fits):
    assert Budget(100, most).take(Claim("a", size)) is fits


def test_what_is_given_back_can_be_taken():
    budget = Budget(100)
    budget.take(Claim("a", 50))
    budget.give(Claim("a", 30))
    assert budget.taken == 20
    assert budget.take(Claim("a", 30))


def test_more_than_is_free_can_be_held_but_not_taken():
    budget = Budget(100)
    budget.give(Claim("a", -150))
    assert budget.taken == 150
    assert not budget.take(Claim("b", 1))
    budget.give(Claim("a", 150))
    assert budget.take(Claim("b", 1))


def test_callers_that_hold_nothing_are_forgotten():
    budget = Budget(100)
    for number in range(10):
        budget.take(Claim(str(number), 5))
        budget.give(Claim(str(number), 5))
        budget.take(Claim(str(number), 0))
        budget.give(Claim(str(number), 0))
    assert budget.taken == 0
    assert not budget._held


def test_a_claim_beyond_its_callers_share_holds_up_nobody():
    budget = Budget(100)
    budget.take(Claim("a", 50))
    assert not budget.holds_up(Claim("a", 1), Claim("b", 1))
    assert budget.holds_up(Claim("a", 1), Claim("a", 1))
    assert not budget.holds_up(Claim("b", 50), Claim("c", 1))
    budget.take(Claim("c", 1))
    assert budget.holds_up(Claim("b", 50), Claim("c", 1))
