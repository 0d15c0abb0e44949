"""One server for the tests that leave it as it is."""

from __future__ import annotations

import signal

import pytest

from tests.running import channel_to, running_server


@pytest.fixture(scope="module")
def running():
    with running_server() as running:
        yield running


@pytest.fixture
def heeded_hangups():
    """Have children heed SIGHUP; those of nohup inherit that they do not."""
    handler = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, handler)


@pytest.fixture
def channel(running):
    with channel_to(running.grpc) as channel:
        yield channel
