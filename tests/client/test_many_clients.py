"""Clients that live for one call each; `tests/reliability/test_clients.py` makes many more."""

from __future__ import annotations

import pytest

from tests.reliability.many_clients import left_by


@pytest.mark.parametrize(("way", "protocol"), [("dropped", "gRPC"), ("awaiting", "HTTP")])
def test_neither_descriptors_nor_threads_are_left(addresses, way, protocol):
    left = left_by(way, addresses[protocol], 100)
    assert left.descriptors <= 0
    assert left.threads <= 0
