"""One server for the tests that leave it as it is."""

from __future__ import annotations

import grpc
import pytest

from tests.running import running_server


@pytest.fixture(scope="module")
def running():
    with running_server() as running:
        yield running


@pytest.fixture
def channel(running):
    with grpc.insecure_channel(running.grpc) as channel:
        yield channel
