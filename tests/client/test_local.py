"""The target ``local:``, with handlers in place of the service's."""

from __future__ import annotations

import asyncio
import sys
import threading
import types

import pytest

import lossgrad
from lossgrad import errors
from tests.client.servers import double

ARGUMENTS = {"scores": [[1.0, 2.0]], "labels": [0]}


@pytest.fixture
def service(monkeypatch):
    """Install a module of handlers; returns the mapping."""
    module = types.ModuleType("lossgrad_service.local")
    module.HANDLERS = {"compute": double}
    monkeypatch.setitem(sys.modules, "lossgrad_service.local", module)
    return module.HANDLERS


def fail(error):
    def handler(_):
        raise error

    return handler


@pytest.mark.usefixtures("service")
def test_compute():
    with lossgrad.Client("local:") as client:
        assert client.compute(**ARGUMENTS).dscores.tolist() == [[2.0, 4.0]]


@pytest.mark.usefixtures("service")
def test_compute_in_a_loop():
    async def run():
        async with lossgrad.AsyncClient("local:") as client:
            return await client.compute(**ARGUMENTS)

    assert asyncio.run(run()).loss == 1.5


def test_the_services_errors_are_raised_as_they_are(service):
    error = errors.InvalidArgument.at("scores[0][1]", "is NaN")
    service["compute"] = fail(error)
    with lossgrad.Client("local:") as client, pytest.raises(errors.InvalidArgument) as caught:
        client.compute(**ARGUMENTS)
    assert caught.value is error


def test_a_bug_is_internal(service):
    service["compute"] = fail(ZeroDivisionError("oops"))
    with lossgrad.Client("local:") as client, pytest.raises(errors.Internal, match="oops"):
        client.compute(**ARGUMENTS)


@pytest.mark.usefixtures("service")
def test_after_close():
    client = lossgrad.Client("local:")
    client.close()
    with pytest.raises(errors.InvalidArgument, match="client: is closed"):
        client.compute(**ARGUMENTS)


def test_a_loop_does_not_wait_beyond_the_deadline(service):
    released = threading.Event()
    service["compute"] = lambda problem: released.wait(20) and double(problem)

    async def run():
        async with lossgrad.AsyncClient("local:") as client:
            with pytest.raises(errors.DeadlineExceeded):
                await client.compute(**ARGUMENTS, timeout=0.1)
            released.set()

    asyncio.run(run())


def test_base_install_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "lossgrad_service.local", None)
    with lossgrad.Client("local:") as client, pytest.raises(errors.LossGradError) as caught:
        client.compute(**ARGUMENTS)
    assert 'pip install "lossgrad[service]"' in str(caught.value)
    assert "\n" not in str(caught.value)
