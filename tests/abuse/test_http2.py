"""What no HTTP/2 client does: the server lives, answers others, and holds no more than before."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.abuse.floods import ATTACKS, Attack
from tests.abuse.peak import Peak
from tests.abuse.served import MEBIBYTE, Served, serving
from tests.telling import Tell

GROWN_MOST = 64 * MEBIBYTE
"""What an attack may make the service hold, at its peak."""

KEPT_MOST = 48 * MEBIBYTE
"""What may be kept of a second attack: the allocator and grpcio's cycles keep some of the first."""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A service of one worker, so that the second attack meets the worker that met the first."""
    with serving("--workers", "1") as found:
        yield found


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_attack_is_survived(served: Served, attack: Attack, tell: Tell) -> None:
    workers = served.processes()
    attack(served.grpc)
    served.assert_answers()
    before = served.holdings()
    with Peak(served) as peak:
        began = time.monotonic()
        attack(served.grpc)
        seconds = time.monotonic() - began
        served.assert_answers()
    after = served.holdings_back_at(before, memory=KEPT_MOST)
    assert served.processes() == workers
    grown, kept = peak.memory - before.memory, after.memory - before.memory
    tell(
        f"{seconds:.1f} s, at most +{grown / MEBIBYTE:.0f} MiB, after it {kept / MEBIBYTE:+.0f} MiB"
    )
    assert grown <= GROWN_MOST
