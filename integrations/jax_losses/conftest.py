"""Clients of one service over every transport."""

from __future__ import annotations

import jax
import pytest

import lossgrad
from integrations.jax_losses.recording import Recording
from lossgrad_service import core
from tests.running import running_server

jax.config.update("jax_enable_x64", True)  # without it JAX makes float32 of every float64


@pytest.fixture(scope="session", autouse=True)
def _compiled():
    """Compile what is not yet: no test then waits for it."""
    core.warm_up()


@pytest.fixture(scope="session")
def recording():
    with Recording() as client:
        yield client


@pytest.fixture
def client(recording):
    """A client that is asked nothing yet."""
    recording.taken()
    return recording


@pytest.fixture(scope="session")
def targets():
    with running_server(workers=1) as served:
        yield {"local": "local:", "grpc": served.grpc, "http": served.http}


@pytest.fixture(params=["local", "grpc", "http"])
def far_client(request, targets):
    with lossgrad.Client(targets[request.param]) as client:
        yield client
