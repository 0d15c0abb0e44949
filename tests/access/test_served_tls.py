"""A service over TLS and mutual TLS: both ports, every client, nobody else."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl

import pytest
from typer.testing import CliRunner

import lossgrad
from lossgrad import errors
from lossgrad_service.cli import app
from tests.running import PATIENCE_SECONDS, Streaming, running_server

ARGUMENTS = {"scores": [[1.0, 2.0]], "labels": [0]}
PROTOCOLS = pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])


@pytest.fixture(scope="module")
def served(tls):
    with running_server(**tls.settings) as running:
        yield running.server.addresses


@pytest.fixture(scope="module")
def mutual(tls):
    with running_server(**tls.settings, tls_client_ca=tls.authority) as running:
        yield running.server.addresses


def compute(target, **options):
    with lossgrad.Client(target, **options) as client:
        return client.compute(**ARGUMENTS).loss


async def compute_async(target, **options):
    async with lossgrad.AsyncClient(target, **options) as client:
        return (await client.compute(**ARGUMENTS)).loss


EXPECTED = compute("local:")


def test_addresses_are_targets_of_the_client(served):
    assert served["gRPC"].startswith("grpcs://127.0.0.1:")
    assert served["HTTP"].startswith("https://127.0.0.1:")


@PROTOCOLS
def test_every_client(served, protocol, tls):
    target = served[protocol]
    assert compute(target, tls_ca=tls.authority) == EXPECTED
    assert asyncio.run(compute_async(target, tls_ca=tls.authority)) == EXPECTED


@PROTOCOLS
def test_the_authority_must_be_trusted(served, protocol):
    with pytest.raises(errors.Unavailable) as caught:
        compute(served[protocol])
    assert caught.value.is_permanent


@PROTOCOLS
def test_plain_callers_get_nothing(served, protocol):
    plain = served[protocol].replace("grpcs://", "grpc://").replace("https://", "http://")
    with pytest.raises((errors.Unavailable, errors.DeadlineExceeded)):
        compute(plain, timeout=0.5)


@PROTOCOLS
def test_old_versions_are_refused(served, protocol, tls):
    context = ssl.create_default_context(cafile=tls.authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for version, is_spoken in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
        context.maximum_version = version
        assert is_spoken is speaks(served[protocol], context)


def speaks(target, context):
    host, _, port = target.partition("://")[2].rpartition(":")
    with socket.create_connection((host, int(port)), PATIENCE_SECONDS) as plain:
        try:
            context.wrap_socket(plain, server_hostname=host).close()
        except ssl.SSLError:
            return False
        return True


@PROTOCOLS
def test_mutual_tls_lets_in_certified_callers(mutual, protocol, tls):
    options = {"tls_ca": tls.authority, "tls_cert": tls.caller}
    assert compute(mutual[protocol], **options) == EXPECTED
    assert asyncio.run(compute_async(mutual[protocol], **options)) == EXPECTED


@PROTOCOLS
@pytest.mark.parametrize("who", ["nobody", "stranger"])
def test_mutual_tls_lets_in_nobody_else(mutual, protocol, tls, who):
    shown = {} if who == "nobody" else {"tls_cert": tls.stranger}
    with pytest.raises((errors.Unavailable, errors.DeadlineExceeded)):
        compute(mutual[protocol], tls_ca=tls.authority, timeout=0.5, **shown)


@pytest.mark.parametrize("command", [("info",), ("compute", "-")])
def test_commands_take_the_same_files(mutual, tls, command):
    flags = ("--tls-ca", str(tls.authority), "--tls-cert", str(tls.caller))
    for target in mutual.values():
        done = CliRunner().invoke(
            app, [*command, "--target", target, *flags], input=json.dumps(ARGUMENTS)
        )
        assert done.exit_code == 0, done.output


def test_streams_over_mutual_tls(mutual, tls):
    options = {"tls_ca": tls.authority, "tls_cert": tls.caller}
    with Streaming(mutual["gRPC"], **options) as client:
        assert client.compute(**ARGUMENTS).loss == EXPECTED


def test_the_unix_socket_stays_plain(tls, tmp_path):
    path = tmp_path / "s"
    with running_server(**tls.settings, unix_socket=path) as running:
        assert compute(running.server.addresses["Unix"]) == EXPECTED
