"""Clients that live for one call each leave nothing behind, however they end."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.reliability.fleet import fleet
from tests.reliability.many_clients import left_by
from tests.telling import Tell

GROWN_MOST_KIBIBYTES = 1024
"""Of nine thousand clients; what leaks in each of them has 120 bytes at most."""


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    path = tmp_path_factory.mktemp("unix") / "s"
    with fleet("--unix-socket", str(path)) as workers:
        yield {**workers.addresses, "Unix": f"unix://{path}"}


@pytest.mark.parametrize(
    ("way", "protocol", "count"),
    [
        ("closed", "gRPC", 10_000),
        ("closed", "Unix", 10_000),
        ("closed", "HTTP", 10_000),
        ("awaiting", "gRPC", 10_000),
        ("awaiting", "HTTP", 10_000),
        ("dropped", "gRPC", 2_000),
        ("dropped", "HTTP", 2_000),
        ("in_threads", "gRPC", 2_000),
        ("pickled", "gRPC", 2_000),
        ("forked", "gRPC", 200),
        ("forked", "HTTP", 200),
    ],
)
def test_nothing_is_left(
    targets: dict[str, str], way: str, protocol: str, count: int, tell: Tell
) -> None:
    began = time.monotonic()
    left = left_by(way, targets[protocol], count)
    tell(f"{count} clients in {time.monotonic() - began:.0f} s: {left}")
    assert left.kibibytes <= GROWN_MOST_KIBIBYTES
    assert left.descriptors <= 0
    assert left.threads <= 0
