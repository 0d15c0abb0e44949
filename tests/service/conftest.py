"""One server for the tests that leave it as it is."""

from __future__ import annotations

import pytest

from tests.running import channel_to, running_server


@pytest.fixture(scope="module")
def running():
    with running_server() as running:
        yield running


@pytest.fixture
def channel(running):
    with channel_to(running.grpc) as channel:
        yield channel
