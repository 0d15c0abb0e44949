"""Every call is counted once when it begins and once when it ends, however that comes."""

from __future__ import annotations

import threading

import grpc
import numpy as np
import pytest

import lossgrad
from lossgrad_service.admission import Visit
from tests.access.files import entry
from tests.admission.gates import until
from tests.metrics.reading import value_in
from tests.running import channel_to, running_server
from tests.service.web import call

COMPUTE = "/lossgrad.v1.LossGradService/Compute"
REQUESTS = "lossgrad_requests_total"

HEALTHY = {"scores": np.zeros((3, 2), np.float32), "labels": [0, 1, 0]}
LARGE = {"scores": np.zeros((2**11, 2**10), np.float32), "labels": np.zeros(2**11, int)}


@pytest.fixture
def running():
    with running_server() as started:
        yield started


def told(running, **headers):
    answer = call(f"{running.http}/metrics", headers=headers)
    assert answer.status == 200
    return answer.text


def count(running, name=REQUESTS, **labels):
    return value_in(told(running), name, **labels)


def until_counted(running, **labels):
    until(lambda: count(running, **labels) == 1)
    way = {name: labels[name] for name in ("method", "transport")}
    assert count(running, "lossgrad_in_flight_calls", **way) == 0


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_answers(running, transport):
    with lossgrad.Client(getattr(running, transport)) as client:
        timing = client.compute(**HEALTHY).timing
        client.info()
    way = {"method": "Compute", "transport": transport}
    until_counted(running, **way, code="OK")
    until_counted(running, method="GetServerInfo", transport=transport, code="OK")
    assert count(running, "lossgrad_rows_total", **way) == 3
    assert count(running, "lossgrad_kernel_cells_total", dtype="float32") == 6
    assert count(running, "lossgrad_received_bytes_total", **way) > 24
    assert count(running, "lossgrad_sent_bytes_total", **way) > 24
    spent = count(running, "lossgrad_phase_duration_seconds_sum", **way, phase="compute")
    assert spent == pytest.approx(timing["compute"], abs=2e-6)


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_checks(running, transport):
    with lossgrad.Client(getattr(running, transport)) as client:
        client.check(**HEALTHY)
        with pytest.raises(lossgrad.InvalidArgument):
            client.check(scores=[[1.0, np.nan]], labels=[0])
    way = {"method": "CheckGradients", "transport": transport}
    until_counted(running, **way, code="OK")
    until_counted(running, **way, code="INVALID_ARGUMENT")
    assert count(running, "lossgrad_rows_total", **way) == 3
    for phase in ("decode", "compute", "encode"):
        assert count(running, "lossgrad_phase_duration_seconds_sum", **way, phase=phase) > 0


def test_streams(running):
    with lossgrad.Client(running.grpc) as client:
        client.compute(**LARGE)
    way = {"method": "ComputeStream", "transport": "grpc"}
    until_counted(running, **way, code="OK")
    assert count(running, "lossgrad_rows_total", **way) == 2**11
    assert count(running, "lossgrad_received_bytes_total", **way) > 2**23
    assert count(running, "lossgrad_sent_bytes_total", **way) > 2**23
    for direction in ("received", "sent"):
        assert count(running, "lossgrad_stream_messages_total", direction=direction) > 2


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_mistakes(running, transport):
    target = getattr(running, transport)
    with lossgrad.Client(target) as client, pytest.raises(lossgrad.InvalidArgument):
        client.compute(scores=[[1.0, np.nan]], labels=[0])
    way = {"method": "Compute", "transport": transport}
    until_counted(running, **way, code="INVALID_ARGUMENT")
    assert count(running, "lossgrad_rows_total", **way) == 0


def test_what_there_is_not(running):
    assert call(f"{running.http}/v2/compute").status == 404
    until_counted(running, method="unknown", transport="http", code="UNIMPLEMENTED")
    with channel_to(running.grpc) as channel, pytest.raises(grpc.RpcError):
        channel.unary_unary("/lossgrad.v1.LossGradService/Guess")(b"")
    until_counted(running, method="unknown", transport="grpc", code="UNIMPLEMENTED")


def test_who_goes_away(running):
    release = threading.Event()

    def silence():
        release.wait()
        yield b""

    way = {"method": "Compute", "transport": "grpc"}
    with channel_to(running.grpc) as channel:
        calling = channel.stream_unary(COMPUTE).future(silence())
        until(lambda: count(running, "lossgrad_in_flight_calls", **way) == 1)
        calling.cancel()
        until_counted(running, **way, code="CANCELLED")
        release.set()
    assert count(running, "lossgrad_cancelled_calls_total", cause="caller") == 1


def test_refusals(tmp_path):
    keys = tmp_path / "keys.toml"
    keys.write_text(entry("a", "secret"))
    with running_server(keys_file=keys) as guarded:
        for target in (guarded.grpc, guarded.http):
            with lossgrad.Client(target) as client, pytest.raises(lossgrad.Unauthenticated):
                client.info()
        assert call(f"{guarded.http}/metrics").status == 401

        def n_refused():
            text = told(guarded, authorization="Bearer secret")
            return value_in(text, "lossgrad_refusals_total", cause="unauthenticated")

        until(lambda: n_refused() == 3)


def test_probes_and_scrapes_are_not_counted(running):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert call(f"{running.http}{path}").status == 200
    lines = [line for line in told(running).splitlines() if line.startswith(f"{REQUESTS}{{")]
    assert lines
    assert all(line.endswith(" 0") for line in lines)


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_bugs_are_internal_whatever_they_are_in(running, transport, monkeypatch):
    async def fail(*_):
        raise ZeroDivisionError("within")

    monkeypatch.setattr(Visit, "receive", fail)
    target = getattr(running, transport)
    with lossgrad.Client(target) as client, pytest.raises(lossgrad.Internal) as caught:
        client.compute(**HEALTHY)
    assert "within" not in str(caught.value)
    until_counted(running, method="Compute", transport=transport, code="INTERNAL")


def test_what_the_framework_answers_is_an_answer(running):
    assert call(f"{running.http}/openapi.json").status == 200
    until_counted(running, method="unknown", transport="http", code="OK")
