"""The handlers behind ``local:``."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.errors import Internal, InvalidArgument, TooLarge
from lossgrad.types import InfoRequest, Problem
from lossgrad_service import core, local
from lossgrad_service.local import HANDLERS


@pytest.fixture
def fresh(monkeypatch):
    """Settings are read anew in this test, and again after it."""
    local._service.cache_clear()
    yield monkeypatch
    local._service.cache_clear()


def problem():
    return Problem.of({"scores": np.eye(3), "labels": [0, 1, 2]})


def test_compute_is_the_cores():
    found = HANDLERS["compute"](problem())
    assert np.array_equal(found.dscores, core.compute(problem()).dscores)
    assert found.timing.keys() == {"compute"}


def test_info():
    info = HANDLERS["info"](InfoRequest())
    assert info.version
    assert info.uptime_seconds >= 0


def test_limits_hold(fresh):
    fresh.setenv("LOSSGRAD_MAX_TENSOR_BYTES", "71")
    with pytest.raises(TooLarge, match="72 bytes") as caught:
        HANDLERS["compute"](problem())
    assert caught.value.limit == "max_tensor_bytes"


def test_limits_of_messages_are_none(fresh):
    fresh.setenv("LOSSGRAD_MAX_REQUEST_BYTES", "1")
    fresh.setenv("LOSSGRAD_MAX_RESPONSE_BYTES", "1")
    assert HANDLERS["compute"](problem()).n_rows == 3


@pytest.mark.parametrize("name", HANDLERS)
def test_a_wrong_setting_is_the_callers(fresh, caplog, name):
    fresh.setenv("LOSSGRAD_GRPC_PORT", "abc")
    fresh.setenv("LOSSGRAD_LOG_LEVEL", "loud")
    with pytest.raises(InvalidArgument) as caught:
        HANDLERS[name](problem())
    found = {violation.field: violation.detail for violation in caught.value.violations}
    assert found.keys() == {"LOSSGRAD_GRPC_PORT", "LOSSGRAD_LOG_LEVEL"}
    assert found["LOSSGRAD_GRPC_PORT"].endswith("got 'abc'")
    assert not caplog.records


def test_a_bug_in_info_is_internal(fresh):
    fresh.setattr(local, "server_info", lambda *_: 1 / 0)
    with pytest.raises(Internal):
        HANDLERS["info"](InfoRequest())


def test_errors_are_the_servers(monkeypatch):
    with pytest.raises(InvalidArgument):
        HANDLERS["compute"](Problem.of({"scores": [[np.nan, 0]], "labels": [0]}))
    monkeypatch.setattr(core, "compute", lambda _: 1 / 0)
    with pytest.raises(Internal):
        HANDLERS["compute"](problem())
