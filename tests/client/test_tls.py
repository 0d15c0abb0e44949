"""TLS: a private authority is trusted where it is named, and only there."""

from __future__ import annotations

import pickle
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


@pytest.fixture(scope="module")
def pair(authority, tmp_path_factory):
    """A caller's certificate and key, in two files and in one."""
    folder = tmp_path_factory.mktemp("caller")
    issued = authority[0].issue_cert("caller")
    certificate, key, both = (folder / name for name in ("cert.pem", "key.pem", "both.pem"))
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    issued.private_key_and_cert_chain_pem.write_to_path(both)
    return certificate, key, both


def assert_certified(target, authority_path, pair):
    """Calls succeed by a certificate in two files, in one, and in a pickled copy."""
    certificate, key, both = pair
    for shown in ({"tls_cert": certificate, "tls_key": key}, {"tls_cert": both}):
        with lossgrad.Client(target, tls_ca=authority_path, **shown) as client:
            assert client.compute(**ARGUMENTS).loss == 1.5
            with pickle.loads(pickle.dumps(client)) as copy:
                assert copy.compute(**ARGUMENTS).loss == 1.5


def test_grpcs_with_a_certificate_of_our_own(authority, pair):
    made, path = authority
    issued = made.issue_cert("localhost")
    credentials = grpc.ssl_server_credentials(
        [(issued.private_key_pem.bytes(), issued.cert_chain_pems[0].bytes())],
        made.cert_pem.bytes(),
        require_client_auth=True,
    )
    with GrpcServer(Script(), credentials=credentials) as server:
        assert_certified(f"grpcs://localhost:{server.port}", path, pair)


def test_https_with_a_certificate_of_our_own(authority, pair):
    made, path = authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("127.0.0.1").configure_cert(context)
    made.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with HttpServer(Script(), tls=context) as server:
        assert_certified(server.target, path, pair)


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
@pytest.mark.parametrize("name", ["tls_ca", "tls_cert"])
def test_no_path(kind, name):
    with pytest.raises(errors.InvalidArgument, match=f"{name}: must be a path, got 5"):
        kind("https://localhost:1", **{name: 5})


@KINDS
@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_files_that_are_no_certificate_and_its_key(authority, pair, kind, scheme):
    certificate, key, _ = pair
    wrong = ((key, key), (certificate, None), (certificate, certificate), (authority[1], key))
    for cert_path, key_path in wrong:
        with pytest.raises(errors.InvalidArgument, match="tls_cert: must be PEM certificates"):
            kind(f"{scheme}://localhost:1", tls_cert=cert_path, tls_key=key_path)


@KINDS
def test_certificates_that_go_nowhere(pair, kind):
    certificate, key, both = pair
    with pytest.raises(errors.InvalidArgument, match="tls_cert: goes with grpcs:// and https://"):
        kind("localhost:1", tls_cert=both)
    with pytest.raises(errors.InvalidArgument, match="tls_key: is the key of a certificate"):
        kind("https://localhost:1", tls_key=key)
    with pytest.raises(errors.InvalidArgument, match="tls_key: cannot be read"):
        kind("https://localhost:1", tls_cert=certificate, tls_key="/does/not/exist")
