"""A name with several addresses, as a headless service has in a cluster."""

from __future__ import annotations

import asyncio
from contextlib import closing

import grpc
import pytest
import trustme

import lossgrad
from lossgrad.transports.credentials import NO_CREDENTIALS, Credentials
from lossgrad.transports.grpc import GrpcTransport
from lossgrad.transports.grpc_aio import GrpcAioTransport
from lossgrad.transports.target import Target
from tests.client.names import NAME, name_server
from tests.client.servers import GrpcServer, Script

ARGUMENTS = {"scores": [[1.0, 2.0]], "labels": [0]}
ONE, TWO, DEAD = "127.0.0.1", "127.0.0.2", "127.0.0.3"
CALLS = 20


def by_name(resolver: int, port: int, *, is_secure: bool = False) -> Target:
    """Return the target that ``dns:///NAME:port`` is where the resolver is the system's."""
    return Target("grpc", f"dns://127.0.0.1:{resolver}/{NAME}:{port}", is_secure)


def call_often(target: Target, credentials: Credentials = NO_CREDENTIALS) -> None:
    client = lossgrad.Client(f"dns:///{NAME}:1")
    client._transport = GrpcTransport(target, credentials)
    with closing(client):
        for _ in range(CALLS):
            client.compute(**ARGUMENTS)


def call_often_in_a_loop(target: Target, credentials: Credentials = NO_CREDENTIALS) -> None:
    async def run() -> None:
        async with lossgrad.AsyncClient(f"dns:///{NAME}:1") as client:
            client._transport = GrpcAioTransport(target, credentials)
            for _ in range(CALLS):
                await client.compute(**ARGUMENTS)

    asyncio.run(run())


@pytest.mark.parametrize("calling", [call_often, call_often_in_a_loop])
def test_calls_take_turns_and_pass_over_what_is_dead(calling):
    scripts = Script(), Script()
    with (
        GrpcServer(scripts[0], address=f"{ONE}:0") as one,
        GrpcServer(scripts[1], address=f"{TWO}:{one.port}"),
        name_server([ONE, TWO, DEAD]) as resolver,
    ):
        calling(by_name(resolver, one.port))
    assert sum(script.calls for script in scripts) == CALLS
    assert min(script.calls for script in scripts) >= CALLS // 4


@pytest.mark.parametrize("calling", [call_often, call_often_in_a_loop])
def test_calls_take_turns_over_tls(calling):
    scripts, authority = (Script(), Script()), trustme.CA()
    issued = authority.issue_cert(NAME)
    pair = issued.private_key_pem.bytes(), issued.cert_chain_pems[0].bytes()
    tls = grpc.ssl_server_credentials([pair])
    with (
        GrpcServer(scripts[0], address=f"{ONE}:0", credentials=tls) as one,
        GrpcServer(scripts[1], address=f"{TWO}:{one.port}", credentials=tls),
        name_server([ONE, TWO, DEAD]) as resolver,
    ):
        target = by_name(resolver, one.port, is_secure=True)
        calling(target, Credentials(authority=authority.cert_pem.bytes()))
    assert sum(script.calls for script in scripts) == CALLS
    assert min(script.calls for script in scripts) >= CALLS // 4


def test_calls_go_on_where_one_goes_away():
    scripts = Script(), Script()
    with (
        GrpcServer(scripts[0], address=f"{ONE}:0") as one,
        name_server([ONE, TWO]) as resolver,
    ):
        with GrpcServer(scripts[1], address=f"{TWO}:{one.port}"):
            call_often(by_name(resolver, one.port))
        call_often(by_name(resolver, one.port))
    assert scripts[0].calls > scripts[1].calls > 0
