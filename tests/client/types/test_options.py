"""Options as callers write them."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad import InvalidArgument
from lossgrad.types import Problem
from lossgrad.types.options import MAX_WANT
from lossgrad.types.quantities import WANTABLE

ARGUMENTS = {"h1": np.ones((2, 3)), "w2": np.ones((3, 2)), "labels": [0, 1]}


def options(**chosen):
    return Problem.of(ARGUMENTS | chosen).options


def violations(**chosen):
    with pytest.raises(InvalidArgument) as caught:
        options(**chosen)
    return [(v.field, v.detail) for v in caught.value.violations]


def test_every_entry_of_want_that_is_no_output():
    known = ", ".join(map(repr, WANTABLE))
    assert violations(want=["loss", "dscore", "dw2", ["loss"]]) == [
        ("want[1]", f"must be one of {known}, got 'dscore'"),
        ("want[3]", f"must be one of {known}, got ['loss']"),
    ]


def test_a_want_that_is_too_long():
    assert options(want=["loss"] * MAX_WANT).want == ("loss",)
    for entry in ("loss", 3):
        assert violations(want=[entry] * 10**6) == [
            ("want", f"must be at most {MAX_WANT} names of outputs, got 1000000")
        ]


@pytest.mark.parametrize("kind", [set, frozenset, lambda names: dict.fromkeys(names).keys()])
def test_a_set_of_outputs_has_the_contracts_order(kind):
    assert options(want=kind(["db2", "dw2", "loss"])).want == ("loss", "dw2", "db2")


def test_an_entry_of_a_set_has_no_index():
    [(field, detail)] = violations(want={"loss", "dscore"})
    assert field == "want"
    assert detail.endswith(", got 'dscore'")


@pytest.mark.parametrize("want", [[], (), set(), "loss", b"loss", 3])
def test_want_that_is_no_list_of_names(want):
    [(field, _)] = violations(want=want)
    assert field == "want"


@pytest.mark.parametrize("number", [2, 2.0, np.float32(2), np.int8(2), np.array(2.0), np.array(2)])
def test_numbers(number):
    assert options(temperature=number).temperature == 2.0
    assert type(options(temperature=number).temperature) is float


@pytest.mark.parametrize("number", ["2", True, np.True_, np.array(True), np.ones(1), 2j, [2.0]])
def test_no_numbers(number):
    assert [field for field, _ in violations(temperature=number)] == ["temperature"]


def test_ignore_index_without_axes():
    assert options(ignore_index=np.array(-100)).ignore_index == -100
