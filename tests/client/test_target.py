"""Targets and the transports that they mean."""

from __future__ import annotations

import pytest

from lossgrad import AsyncClient, Client, InvalidArgument
from lossgrad.transports.target import Target, parse_target


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("localhost:50051", Target("grpc", "localhost:50051")),
        ("[::1]:50051", Target("grpc", "[::1]:50051")),
        ("grpc://host:1", Target("grpc", "host:1")),
        ("grpc://host:1/", Target("grpc", "host:1")),
        ("grpcs://host:443", Target("grpc", "host:443", is_secure=True)),
        ("unix:///run/lg.sock", Target("grpc", "unix:///run/lg.sock")),
        ("dns:///name:50051", Target("grpc", "dns:///name:50051")),
        ("http://host:8080", Target("http", "http://host:8080")),
        ("http://host/prefix/", Target("http", "http://host/prefix")),
        ("https://host", Target("http", "https://host", is_secure=True)),
        ("local:", Target("local", "")),
    ],
)
def test_good(text, target):
    assert parse_target(text) == target


def test_an_empty_target_is_called_so():
    with pytest.raises(InvalidArgument, match="target: is empty, got '  '; examples: localhost"):
        parse_target("  ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "local",
        "local:x",
        ":50051",
        "host:",
        "host:0",
        "host:99999",
        "host:http",
        "ho st:1",
        "host:1/path",
        "grpc://",
        "grpc://host",
        "grpc://me@host:1",
        "grpc://host:1?x=1",
        "unix://run/lg.sock",
        "unix:///",
        "dns://host:1",
        "ftp://host:1",
        "http://",
        "http://host:1#x",
        "http://[::1",
        None,
        50051,
    ],
)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_bad(text, kind):
    with pytest.raises(InvalidArgument) as caught:
        kind(text)
    [violation] = caught.value.violations
    assert violation.field == "target"
    assert repr(text) in violation.detail or str(text) in violation.detail
    assert "localhost:50051" in violation.detail


@pytest.mark.parametrize("target", ["localhost:1", "http://localhost", "local:"])
def test_authority_without_tls(target):
    with pytest.raises(InvalidArgument, match=r"tls_ca: goes with grpcs:// and https://"):
        Client(target, tls_ca="ca.pem")


@pytest.mark.parametrize("target", ["grpcs://localhost:1", "https://localhost"])
def test_authority_that_is_missing(target, tmp_path):
    with pytest.raises(InvalidArgument, match="tls_ca: cannot be read"):
        Client(target, tls_ca=tmp_path / "missing.pem")
