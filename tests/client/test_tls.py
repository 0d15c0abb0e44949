"""TLS: a private authority is trusted where it is named, and only there."""

from __future__ import annotations

import ssl

import grpc
import pytest
import trustme

import lossgrad
from lossgrad import errors
from tests.client.servers import GrpcServer, HttpServer, Script

ARGUMENTS = {"scores": [[1.0, 2.0]], "labels": [0]}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    made.cert_pem.write_to_path(path)
    return made, path


def assert_distrusted(client):
    """A certificate that is not trusted ends the call at its first attempt."""
    with pytest.raises(errors.Unavailable, match="CERTIFICATE_VERIFY_FAILED") as caught:
        client.compute(**ARGUMENTS)
    assert caught.value.is_permanent


def test_grpcs_with_a_private_authority(authority):
    made, path = authority
    issued = made.issue_cert("localhost")
    pair = (issued.private_key_pem.bytes(), issued.cert_chain_pems[0].bytes())
    with GrpcServer(Script(), credentials=grpc.ssl_server_credentials([pair])) as server:
        target = f"grpcs://localhost:{server.port}"
        with lossgrad.Client(target, tls_ca=path) as client:
            assert client.compute(**ARGUMENTS).loss == 1.5
        with lossgrad.Client(target) as client:
            assert_distrusted(client)


def test_https_with_a_private_authority(authority):
    made, path = authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("127.0.0.1").configure_cert(context)
    with HttpServer(Script(), tls=context) as server:
        with lossgrad.Client(server.target, tls_ca=path) as client:
            assert client.compute(**ARGUMENTS).loss == 1.5
        with lossgrad.Client(server.target) as client:
            assert_distrusted(client)


def test_a_bundle_with_comments_beyond_ascii(authority, tmp_path):
    made, _ = authority
    path = tmp_path / "ca.pem"
    path.write_bytes("# Főtanúsítvány\n".encode() + made.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("127.0.0.1").configure_cert(context)
    with (
        HttpServer(Script(), tls=context) as server,
        lossgrad.Client(server.target, tls_ca=path) as client,
    ):
        assert client.compute(**ARGUMENTS).loss == 1.5


KINDS = pytest.mark.parametrize("kind", [lossgrad.Client, lossgrad.AsyncClient])


@KINDS
@pytest.mark.parametrize("scheme", ["https", "grpcs"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no certificate",
        b"\x00\x80\xff",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ],
)
def test_a_file_without_certificates(tmp_path, kind, scheme, content):
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(errors.InvalidArgument, match="tls_ca: has no PEM certificates"):
        kind(f"{scheme}://localhost:1", tls_ca=path)


@KINDS
@pytest.mark.parametrize("path", ["/does/not/exist", "nul\0", "/"])
def test_a_file_that_cannot_be_read(kind, path):
    with pytest.raises(errors.InvalidArgument, match="tls_ca: cannot be read"):
        kind("https://localhost:1", tls_ca=path)


@KINDS
def test_no_path(kind):
    with pytest.raises(errors.InvalidArgument, match="tls_ca: must be a path, got 5"):
        kind("https://localhost:1", tls_ca=5)
