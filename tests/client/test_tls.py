"""TLS: a private authority is trusted where it is named, and only there."""

from __future__ import annotations

import asyncio
import pickle
import socket
import ssl
import threading
from contextlib import suppress

import grpc
import pytest
import trustme

import lossgrad
from lossgrad import errors
from lossgrad.transports import channels
from tests.client.servers import GrpcServer, HttpServer, Script

ARGUMENTS = {"scores": [[1.0, 2.0]], "labels": [0]}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    made.cert_pem.write_to_path(path)
    return made, path


def pem_pair(issued):
    return issued.private_key_pem.bytes(), issued.cert_chain_pems[0].bytes()


def assert_distrusted(client):
    """A certificate that is not trusted ends the call at its first attempt."""
    with pytest.raises(errors.Unavailable, match="name that one's file by tls_ca=") as caught:
        client.compute(**ARGUMENTS)
    assert caught.value.is_permanent


def test_grpcs_of_another_name(authority):
    made, path = authority
    credentials = grpc.ssl_server_credentials([pem_pair(made.issue_cert("elsewhere.example"))])
    with (
        GrpcServer(Script(), credentials=credentials) as server,
        lossgrad.Client(f"grpcs://localhost:{server.port}", tls_ca=path) as client,
    ):
        assert_distrusted(client)


def test_https_of_another_name(authority):
    made, path = authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("elsewhere.example").configure_cert(context)
    with (
        HttpServer(Script(), tls=context) as server,
        lossgrad.Client(server.target, tls_ca=path) as client,
    ):
        assert_distrusted(client)


def test_grpcs_with_a_private_authority(authority):
    made, path = authority
    credentials = grpc.ssl_server_credentials([pem_pair(made.issue_cert("localhost"))])
    with GrpcServer(Script(), credentials=credentials) as server:
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
    credentials = grpc.ssl_server_credentials(
        [pem_pair(made.issue_cert("localhost"))],
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


class Refusing:
    """A server that tells each caller, by an alert of TLS, what is wrong with its certificate."""

    def __init__(self, authority, version):
        self.handshakes = 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self._context)
        authority.configure_trust(self._context)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._context.set_alpn_protocols(["h2", "http/1.1"])
        self._context.maximum_version = version
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self):
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def _serve(self):
        with suppress(OSError):
            while True:
                self._refuse(self._listening.accept()[0])

    def _refuse(self, connection):
        self.handshakes += 1
        with self._context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        ) as secure:
            with pytest.raises(ssl.SSLError):
                secure.do_handshake()
            # Whoever hangs up on unread bytes may take the alert back.
            while socket.socket.recv(secure, 4096):
                pass


@pytest.fixture(scope="module")
def pair_of_a_stranger(tmp_path_factory):
    path = tmp_path_factory.mktemp("stranger") / "both.pem"
    trustme.CA().issue_cert("caller").private_key_and_cert_chain_pem.write_to_path(path)
    return path


def compute(target, **options):
    with lossgrad.Client(target, **options) as client:
        client.compute(**ARGUMENTS)


def compute_async(target, **options):
    async def call():
        async with lossgrad.AsyncClient(target, **options) as client:
            await client.compute(**ARGUMENTS)

    asyncio.run(call())


@pytest.fixture
def one_connection(monkeypatch):
    """gRPC connects anew by itself, but not within the time of a test."""
    rarely = {f"grpc.{each}_reconnect_backoff_ms": 60_000 for each in ("initial", "max")}
    options = dict(channels._OPTIONS) | rarely
    monkeypatch.setattr(channels, "_OPTIONS", tuple(options.items()))


def refused_by(server, call, scheme, **options):
    """Make a call, which must fail at its first attempt; return what it is told."""
    with pytest.raises(
        errors.Unauthenticated, match="by tls_cert=, and its key by tls_key="
    ) as told:
        call(f"{scheme}://{server.address}", **options)
    assert server.handshakes == 1
    return str(told.value)


CALLS = pytest.mark.parametrize("call", [compute, compute_async])


@CALLS
def test_https_without_the_certificate_that_is_asked_for(authority, call):
    with Refusing(authority[0], ssl.TLSVersion.TLSv1_3) as server:
        text = refused_by(server, call, "https", tls_ca=authority[1])
    assert "CERTIFICATE_REQUIRED" in text


# gRPC does not read the alerts that TLS 1.3 sends after its handshake.
@CALLS
@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize(
    ("scheme", "version"),
    [
        ("https", ssl.TLSVersion.TLSv1_3),
        ("https", ssl.TLSVersion.TLSv1_2),
        ("grpcs", ssl.TLSVersion.TLSv1_2),
    ],
)
def test_the_certificate_of_a_stranger(authority, pair_of_a_stranger, call, scheme, version):
    with Refusing(authority[0], version) as server:
        text = refused_by(server, call, scheme, tls_ca=authority[1], tls_cert=pair_of_a_stranger)
    assert "UNKNOWN_CA" in text


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
