"""``lossgrad doctor``: real servers that are well, ill in one way, or not there at all."""

from __future__ import annotations

import datetime
import json
import socket
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import trustme
from typer.testing import CliRunner

from lossgrad.transports.target import Target
from lossgrad_service.cli import app
from lossgrad_service.cli.doctor import speed
from tests.access.files import TlsFolder, entry
from tests.client.servers import GrpcServer, HttpServer, Script
from tests.running import running_server

SECURE = {"gRPC": "grpcs", "HTTP": "https"}
PLAIN = {"gRPC": "grpc", "HTTP": "http"}
OTHER = {"gRPC": "HTTP", "HTTP": "gRPC"}
PROTOCOLS = pytest.mark.parametrize("protocol", PLAIN)
NAMES = {
    "local": ["version", "limits", "process"],
    "Unix": ["socket", "connection", "protocol", "readiness", "key", "version"],
    "gRPC": ["name", "connection", "protocol", "readiness", "key", "version"],
    "HTTP": ["name", "connection", "protocol", "readiness", "clock", "key", "version"],
}
TIMED = ["tiny call", "1 MB", "16 MB"]


def run(*arguments, **variables):
    arguments = ["doctor", *map(str, arguments)]
    return CliRunner(env={"COLUMNS": "200", **variables}).invoke(app, arguments)


def report(*arguments, code, **variables):
    done = run(*arguments, "--json", **variables)
    assert done.exit_code == code, done.output
    told = json.loads(done.stdout)
    assert told["exit_code"] == code
    return told["findings"]


def the_wrong_one(*arguments, code=3, **variables):
    """Return the finding that ended an examination, and nothing else did."""
    *before, last = report(*arguments, code=code, **variables)
    assert {finding["state"] for finding in before} <= {"well"}
    assert last["state"] == "wrong"
    assert last["advice"]
    return last


def doubts(findings):
    return {finding["name"]: finding for finding in findings if finding["state"] == "doubtful"}


def with_scheme(target, scheme):
    return f"{scheme}://{target.rpartition('/')[2]}"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    # How fast this machine is, is not asked here.
    monkeypatch.setattr(speed, "ENOUGH_SECONDS", 0.01)
    monkeypatch.setattr(speed, "SLOW_BYTES", 0)
    monkeypatch.setattr(speed, "FAR_SECONDS", 60)


@pytest.fixture(scope="module")
def served(neighbour):
    return {**neighbour.server.addresses, "local": "local:"}


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return TlsFolder(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def secure(tls):
    with running_server(**tls.settings) as running:
        yield running.server.addresses


@pytest.fixture(scope="module")
def mutual(tls):
    with running_server(**tls.settings, tls_client_ca=tls.authority) as running:
        yield running.server.addresses


@pytest.mark.parametrize("kind", NAMES)
def test_healthy(served, kind):
    findings = report(served[kind], code=0)
    names = [finding["name"] for finding in findings]
    assert names[: len(NAMES[kind])] == NAMES[kind]
    assert names[-3:] == TIMED
    assert {finding["state"] for finding in findings} == {"well"}


def test_lines(served):
    shown = run(served["HTTP"]).stdout.splitlines()
    assert all(line.startswith("✓ ") for line in shown)
    assert any("MB/s there and back" in line for line in shown)
    *_, mark, advice = run(with_scheme(served["HTTP"], "grpc")).stdout.splitlines()
    assert mark.startswith("✗ protocol ")
    assert advice.strip().startswith("→ this is the HTTP port")


def test_lines_of_a_narrow_terminal(served):
    shown = run(served["HTTP"], COLUMNS="50").stdout.splitlines()
    assert max(map(len, shown)) <= 50
    assert {line[:2] for line in shown} == {"✓ ", "  "}
    assert all(line == line.rstrip() for line in shown)


def test_this_process_is_not_told_how_long_it_is_up():
    [told] = [each["text"] for each in report("local:", code=0) if each["name"] == "process"]
    assert told.startswith("this one, ")


@PROTOCOLS
def test_stopped(protocol):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        found = the_wrong_one(f"{PLAIN[protocol]}://127.0.0.1:{bound.getsockname()[1]}")
    assert found["name"] == "connection"
    assert "nobody listens" in found["text"]
    assert "lossgrad serve" in found["advice"]


def test_no_socket(tmp_path):
    found = the_wrong_one(f"unix://{tmp_path}/s")
    assert found["text"] == f"no {tmp_path}/s"
    (tmp_path / "s").touch()
    assert the_wrong_one(f"unix://{tmp_path}/s")["text"] == f"{tmp_path}/s is no socket"


def test_a_socket_that_nobody_listens_on(tmp_path):
    with closing(socket.socket(socket.AF_UNIX)) as bound:
        bound.bind(str(tmp_path / "s"))
        found = the_wrong_one(f"unix://{tmp_path}/s")
    assert "nobody listens" in found["text"]


@pytest.mark.parametrize("scheme", ["grpc", "grpcs", "http", "https"])
def test_unresolvable(scheme):
    found = the_wrong_one(f"{scheme}://no-such-host.invalid:1")
    assert found["name"] == "name"
    assert "no-such-host.invalid has no address" in found["text"]


@PROTOCOLS
def test_wrong_port(served, protocol):
    found = the_wrong_one(with_scheme(served[OTHER[protocol]], PLAIN[protocol]))
    assert found["text"].endswith(f"speaks {OTHER[protocol]}, not {protocol}")
    assert f"this is the {OTHER[protocol]} port" in found["advice"]


@PROTOCOLS
def test_wrong_port_over_tls(secure, protocol, tls):
    target = with_scheme(secure[OTHER[protocol]], SECURE[protocol])
    found = the_wrong_one(target, "--tls-ca", tls.authority)
    assert found["text"].endswith(f"speaks {OTHER[protocol]}, not {protocol}")


@PROTOCOLS
def test_plain_text_to_tls(secure, protocol):
    found = the_wrong_one(with_scheme(secure[protocol], PLAIN[protocol]))
    assert found["text"].endswith("speaks TLS only")


@PROTOCOLS
def test_tls_to_plain_text(served, protocol):
    found = the_wrong_one(with_scheme(served[protocol], SECURE[protocol]))
    assert found["name"] == "TLS"
    assert found["text"].endswith("speaks no TLS")


@PROTOCOLS
def test_trusted(secure, protocol, tls):
    findings = report(secure[protocol], "--tls-ca", tls.authority, code=0)
    told = {finding["name"]: finding["text"] for finding in findings}
    assert told["TLS"] == "TLSv1.3, trusted by --tls-ca"
    assert "days left" in told["certificate"]


@PROTOCOLS
def test_untrusted(secure, protocol):
    found = the_wrong_one(secure[protocol])
    assert "issued by trustme" in found["text"]
    assert "--tls-ca" in found["advice"]


@PROTOCOLS
def test_mutual_tls(mutual, protocol, tls):
    files = ("--tls-ca", tls.authority)
    assert report(mutual[protocol], *files, "--tls-cert", tls.caller, code=0)
    for shown in ((), ("--tls-cert", tls.stranger)):
        found = the_wrong_one(mutual[protocol], *files, *shown)
        assert "--tls-cert" in found["advice"]


@contextmanager
def serving_with(folder, certificate):
    path = folder / "both.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(path)
    with running_server(tls_certificate=path, tls_key=path) as running:
        yield running.server.addresses["HTTP"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made, path = trustme.CA(), tmp_path_factory.mktemp("ca") / "ca.pem"
    made.cert_pem.write_to_path(path)
    return made, path


def in_days(days):
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(days)


def test_a_certificate_of_another_name(tmp_path, authority):
    made, path = authority
    with serving_with(tmp_path, made.issue_cert("losses.example", "10.0.0.9")) as target:
        found = the_wrong_one(target, "--tls-ca", path)
    assert "the certificate is for losses.example, 10.0.0.9" in found["text"]


def test_a_certificate_that_has_ended(tmp_path, authority):
    made, path = authority
    ended = in_days(-1)
    certificate = made.issue_cert("127.0.0.1", not_before=in_days(-9), not_after=ended)
    with serving_with(tmp_path, certificate) as target:
        found = the_wrong_one(target, "--tls-ca", path)
    assert f"the certificate ended on {ended:%Y-%m-%d %H:%M} UTC" in found["text"]


def test_a_certificate_that_has_not_begun(tmp_path, authority):
    made, path = authority
    certificate = made.issue_cert("127.0.0.1", not_before=in_days(2), not_after=in_days(9))
    with serving_with(tmp_path, certificate) as target:
        found = the_wrong_one(target, "--tls-ca", path)
    assert f"the certificate begins on {in_days(2):%Y-%m-%d}" in found["text"]
    assert "clock" in found["advice"]


def test_a_certificate_that_ends_soon(tmp_path, authority):
    made, path = authority
    certificate = made.issue_cert("127.0.0.1", not_after=in_days(3.5))
    with serving_with(tmp_path, certificate) as target:
        found = doubts(report(target, "--tls-ca", path, code=0))
    assert list(found) == ["certificate"]
    assert "3 days left" in found["certificate"]["text"]


@PROTOCOLS
def test_keys(tmp_path, protocol):
    path = tmp_path / "keys.toml"
    path.write_text(entry("a", "lossgrad_right"))
    with running_server(keys_file=path) as running:
        target = running.server.addresses[protocol]
        findings = report(target, code=0, LOSSGRAD_TOKEN="lossgrad_right")
        missing = the_wrong_one(target, code=1)
        unknown = the_wrong_one(target, code=1, LOSSGRAD_TOKEN="lossgrad_wrong")
    assert "that of LOSSGRAD_TOKEN is let in" in [finding["text"] for finding in findings]
    assert missing["name"] == unknown["name"] == "key"
    assert "set LOSSGRAD_TOKEN" in missing["advice"]
    assert "is unknown" in unknown["text"]
    assert "lossgrad_wrong" not in str(unknown)


@PROTOCOLS
def test_a_key_that_nobody_asked_for(served, protocol):
    findings = report(served[protocol], code=0, LOSSGRAD_TOKEN="lossgrad_any")
    [told] = [finding["text"] for finding in findings if finding["name"] == "key"]
    assert told.startswith("the server asks for none")


@PROTOCOLS
def test_a_quota_that_is_used_up(tmp_path, protocol):
    path = tmp_path / "keys.toml"
    path.write_text(entry("a", "lossgrad_a", calls_per_minute=1))
    with running_server(keys_file=path) as running:
        target = running.server.addresses[protocol]
        found = the_wrong_one(target, "--timeout", "2", LOSSGRAD_TOKEN="lossgrad_a")
    assert "the quota of a" in found["text"]


@PROTOCOLS
def test_draining(protocol):
    with running_server() as running:
        running.on_loop(running.server.drain())
        found = the_wrong_one(running.server.addresses[protocol])
    assert found["name"] == "readiness"
    assert "was told to stop" in found["advice"]


def test_batches_above_a_limit():
    with running_server(max_request_bytes=2**21) as running:
        found = doubts(report(running.http, code=0))
    assert list(found) == ["16 MB"]
    assert "max_request_bytes is 2097152" in found["16 MB"]["advice"]


@PROTOCOLS
def test_another_server(protocol):
    made = {"gRPC": GrpcServer, "HTTP": HttpServer}[protocol]
    with made(Script()) as server:
        findings = report(with_scheme(server.target, PLAIN[protocol]), code=1)
    assert "readiness" in doubts(findings)
    assert findings[-1]["state"] == "wrong"
    assert "see that the target" in findings[-1]["advice"]


class _Hours(BaseHTTPRequestHandler):
    """A server whose clock is wrong, and that is nothing else."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def date_time_string(self, timestamp=None):
        del timestamp
        return super().date_time_string(in_days(0).timestamp() - 3600)

    def log_message(self, *_):
        pass


def test_a_clock_that_is_wrong():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hours) as server:
        Thread(target=server.serve_forever).start()
        findings = report(f"http://127.0.0.1:{server.server_address[1]}", code=1)
        server.shutdown()
    assert "behind ours" in doubts(findings)["clock"]["text"]


@pytest.mark.parametrize("scheme", ["grpc", "grpcs", "http", "https"])
def test_a_silent_server(scheme):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
        found = the_wrong_one(target, "--timeout", "0.1")
    assert found["text"].endswith("takes connections, and says nothing within 0.1 s")


def test_slow_and_far(served, monkeypatch):
    monkeypatch.setattr(speed, "FAR_SECONDS", 0)
    monkeypatch.setattr(speed, "SLOW_BYTES", 1e18)
    assert list(doubts(report(served["gRPC"], code=0))) == TIMED


def test_a_version_of_another_day(served, monkeypatch):
    monkeypatch.setattr("lossgrad_service.cli.doctor.service.our_version", "0.0.1")
    found = doubts(report(served["gRPC"], code=0))
    assert "0.0.1 of this client" in found["version"]["text"]


def test_others_read_along(served, monkeypatch):
    monkeypatch.setattr(Target, "is_private", False)
    found = doubts(report(served["gRPC"], code=0))
    assert "reads along" in found["TLS"]["text"]


def test_a_firewall(monkeypatch):
    monkeypatch.setattr(socket, "create_connection", nobody_there)
    found = the_wrong_one("grpc://192.0.2.1:50051")
    assert found["text"] == "no answer from 192.0.2.1:50051 within 10 s"
    assert "firewalls" in found["advice"]


def nobody_there(*_):
    raise TimeoutError


def test_proxies_are_told_of(monkeypatch):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{bound.getsockname()[1]}"
        monkeypatch.setenv("grpc_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        first, *_ = report("grpcs://losses.example:443", "--timeout", "0.3", code=3)
    assert first["name"] == "proxy"
    assert proxy in first["text"]


@pytest.mark.parametrize(
    "arguments", [["nonsense://x"], [""], ["localhost:1", "--tls-ca", "/nowhere"]]
)
def test_what_means_nothing(arguments):
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("lossgrad: t")
