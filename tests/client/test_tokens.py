"""Tokens: shown with every call on every transport, and to nobody else."""

from __future__ import annotations

import asyncio
import pickle

import pytest

import lossgrad
from lossgrad import errors
from lossgrad.transports.credentials import Credentials
from lossgrad.transports.tls import Certificate
from tests.client.servers import GrpcServer, HttpServer, Script

ARGUMENTS = {"scores": [[1.0, 2.0]], "labels": [0]}
TOKEN = "lossgrad_" + "s3cret" * 5
KINDS = pytest.mark.parametrize("kind", [lossgrad.Client, lossgrad.AsyncClient])
SERVERS = pytest.mark.parametrize("server", [GrpcServer, HttpServer])


@pytest.fixture(autouse=True)
def _no_token_of_the_environment(monkeypatch):
    monkeypatch.delenv("LOSSGRAD_TOKEN", raising=False)


def compute(client):
    if isinstance(client, lossgrad.AsyncClient):
        return asyncio.run(client.compute(**ARGUMENTS))
    return client.compute(**ARGUMENTS)


@SERVERS
@KINDS
def test_every_call_shows_it(server, kind):
    script = Script()
    with server(script) as served:
        client = kind(served.target, token=TOKEN)
        for _ in range(2):
            compute(client)
    assert script.shown == [f"Bearer {TOKEN}"] * 2


@SERVERS
@KINDS
def test_without_one_nothing_is_shown(server, kind):
    script = Script()
    with server(script) as served:
        compute(kind(served.target))
    assert script.shown == [None]


@SERVERS
def test_the_variable_is_the_default(server, monkeypatch):
    monkeypatch.setenv("LOSSGRAD_TOKEN", "of-the-variable")
    script = Script()
    with server(script) as served:
        compute(lossgrad.Client(served.target))
        compute(lossgrad.Client(served.target, token=TOKEN))
        monkeypatch.setenv("LOSSGRAD_TOKEN", "")
        compute(lossgrad.Client(served.target))
    assert script.shown == ["Bearer of-the-variable", f"Bearer {TOKEN}", None]


@SERVERS
@KINDS
def test_a_refused_token_is_not_tried_again(server, kind):
    script = Script(errors.Unauthenticated("the key is unknown"))
    with server(script) as served, pytest.raises(errors.Unauthenticated, match="unknown"):
        compute(kind(served.target, token=TOKEN))
    assert script.calls == 1


@SERVERS
@KINDS
def test_a_pickled_copy_shows_it_too(server, kind):
    script = Script()
    with server(script) as served:
        compute(pickle.loads(pickle.dumps(kind(served.target, token=TOKEN))))
    assert script.shown == [f"Bearer {TOKEN}"]


@KINDS
@pytest.mark.parametrize("target", ["localhost:1", "https://far.example", "local:"])
def test_no_repr_shows_it(kind, target):
    client = kind(target, token=TOKEN)
    assert TOKEN not in repr(client)
    assert TOKEN not in repr(vars(client))


def test_no_repr_shows_a_private_key():
    shown = repr(Credentials(TOKEN, b"authority", Certificate("c", "k", b"chain", b"private")))
    assert TOKEN not in shown
    assert "private" not in shown


@KINDS
@pytest.mark.parametrize(
    "token",
    ["", " ", "two words", f"{TOKEN} ", f"{TOKEN}\n", f"{TOKEN}\r\nX: y", "é" * 20, "x" * 513, 5],
)
def test_what_is_no_token(kind, token):
    with pytest.raises(errors.InvalidArgument, match=r"token: .*must be 1 to 512") as caught:
        kind("localhost:1", token=token)
    assert TOKEN not in str(caught.value)


def test_the_variable_is_no_token(monkeypatch):
    monkeypatch.setenv("LOSSGRAD_TOKEN", "two words")
    with pytest.raises(errors.InvalidArgument, match=r"\(or LOSSGRAD_TOKEN\) must be"):
        lossgrad.Client("localhost:1")


PRIVATE = (
    "localhost:1", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "grpc://localhost:1", "unix:///s",
    "dns:///localhost:1", "dns:///127.0.0.1:1", "http://localhost", "http://127.0.0.1:1/path",
    "http://[::1]:1", "grpcs://far.example:1", "https://far.example", "local:",
)  # fmt: skip
OPEN = (
    "far.example:1", "10.0.0.1:1", "[fe80::1]:1", "0.0.0.0:1", "dns:///far.example:1",
    "http://far.example", "http://10.0.0.1:1", "http://localhost.far.example",
    "http://127.0.0.1.far.example",
)  # fmt: skip


@KINDS
@pytest.mark.parametrize("target", PRIVATE)
def test_where_nobody_reads_along(kind, target):
    kind(target, token=TOKEN)


@KINDS
@pytest.mark.parametrize("target", OPEN)
def test_never_in_plain_text_to_another_machine(kind, target):
    kind(target)
    with pytest.raises(errors.InvalidArgument, match="would travel in plain text to") as caught:
        kind(target, token=TOKEN)
    assert "grpcs:// or https://" in str(caught.value)
    assert TOKEN not in str(caught.value)
