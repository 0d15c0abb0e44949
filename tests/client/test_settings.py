"""Targets and options of both clients, and the time that they allow."""

from __future__ import annotations

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest

from lossgrad import AsyncClient, Client, InvalidArgument
from lossgrad.settings import LONGEST_TIMEOUT, read_timeout

SCORES = np.zeros((3, 2), np.float32)
ARGUMENTS = {"scores": SCORES, "labels": [0, 1, 1]}
KINDS = pytest.mark.parametrize("kind", [Client, AsyncClient])


@KINDS
def test_pickles_as_target_and_options(kind):
    client = kind("http://localhost:1", timeout=5)
    copy = pickle.loads(pickle.dumps(client))
    assert type(copy) is kind
    assert repr(copy) == repr(client) == f"{kind.__name__}('http://localhost:1', timeout=5.0)"


@KINDS
@pytest.mark.parametrize(
    "timeout", [0, -1, math.nan, math.inf, -math.inf, True, "3", 1j, [1], np.bool_(True)]
)
def test_bad_timeouts(kind, timeout):
    with pytest.raises(InvalidArgument, match="timeout: must be a finite number > 0"):
        kind("localhost:1", timeout=timeout)


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        (3, 3.0),
        (np.float32(0.5), 0.5),
        (np.int64(2), 2.0),
        (Fraction(1, 4), 0.25),
        (10**400, LONGEST_TIMEOUT),
        (1e300, LONGEST_TIMEOUT),
    ],
)
def test_good_timeouts(timeout, seconds):
    assert read_timeout(timeout) == seconds


def test_timeout_of_one_call():
    with Client("localhost:1") as client, pytest.raises(InvalidArgument, match="timeout: must be"):
        client.compute(**ARGUMENTS, timeout=0)


def test_unknown_names_are_no_type_errors():
    with Client("localhost:1") as client, pytest.raises(InvalidArgument) as caught:
        client.compute(**ARGUMENTS, score=1, temperatur=2)
    assert [v.field for v in caught.value.violations] == ["score", "temperatur"]
