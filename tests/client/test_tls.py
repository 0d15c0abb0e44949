"""TLS: a private authority is trusted where it is named, and only there."""

from __future__ import annotations

import ssl

import grpc
import pytest
import trustme

import lossgrad
from lossgrad import errors
from lossgrad.endpoints import INFO
from lossgrad.transports import open_transport
from lossgrad.types import InfoRequest
from tests.client.servers import GrpcServer, HttpServer, Script

ARGUMENTS = {"scores": [[1.0, 2.0]], "labels": [0]}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    made.cert_pem.write_to_path(path)
    return made, path


def test_grpcs_with_a_private_authority(authority):
    made, path = authority
    issued = made.issue_cert("localhost")
    pair = (issued.private_key_pem.bytes(), issued.cert_chain_pems[0].bytes())
    with GrpcServer(Script(), credentials=grpc.ssl_server_credentials([pair])) as server:
        target = f"grpcs://localhost:{server.port}"
        with lossgrad.Client(target, tls_ca=path) as client:
            assert client.compute(**ARGUMENTS).loss == 1.5
        with pytest.raises(errors.Unavailable):
            open_transport(target, None).send(INFO, InfoRequest(), 20)


def test_https_with_a_private_authority(authority):
    made, path = authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("127.0.0.1").configure_cert(context)
    with HttpServer(Script(), tls=context) as server:
        with lossgrad.Client(server.target, tls_ca=path) as client:
            assert client.compute(**ARGUMENTS).loss == 1.5
        with (
            lossgrad.Client(server.target, timeout=0.5) as client,
            pytest.raises(errors.Unavailable),
        ):
            client.compute(**ARGUMENTS)
