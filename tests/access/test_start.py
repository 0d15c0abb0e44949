"""What a start is refused for: open addresses without guards, wrong keys and certificates."""

from __future__ import annotations

import pytest

from lossgrad_service.access.start import require_sound
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.runtime.wrong_settings import WrongSettings
from tests.access.files import entry
from tests.service.processes import refused

OPEN = ("0.0.0.0", "::", "192.0.2.1", "example.org")
LOOPBACK = ("127.0.0.1", "127.1.2.3", "::1", "localhost")


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text(entry("a", "token"))
    return {"keys_file": path}


def refusal(**settings):
    with pytest.raises(WrongSettings) as caught:
        require_sound(Settings(**settings))
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_needs_nothing(host):
    require_sound(Settings(host=host))


@pytest.mark.parametrize("host", OPEN)
def test_any_other_address_needs_keys_and_tls(host, keys, tls):
    text = refusal(host=host)
    assert text == (
        f"--host {host} is an address that others reach, and keys and TLS are missing: "
        "set --keys-file, --tls-certificate and --tls-key, listen on 127.0.0.1, or say "
        "--insecure if something else guards it"
    )
    text = refusal(host=host, **tls.settings)
    assert "keys are missing: set --keys-file, listen" in text
    text = refusal(host=host, **keys)
    assert "TLS are missing: set --tls-certificate and --tls-key, listen" in text
    require_sound(Settings(host=host, **keys, **tls.settings))


@pytest.mark.parametrize("host", OPEN)
def test_insecure_is_said_aloud(host):
    require_sound(Settings(host=host, insecure=True))


def test_keys_are_read_where_the_address_is_insecure_too(tmp_path):
    assert "cannot be read" in refusal(insecure=True, host="::", keys_file=tmp_path / "none")


@pytest.mark.parametrize(
    "names", [("certificate",), ("key",), ("client_ca",), ("certificate", "client_ca")]
)
def test_tls_takes_both_certificate_and_key(names, tls):
    files = {"client_ca": tls.authority, "certificate": tls.certificate, "key": tls.key}
    text = refusal(**{f"tls_{name}": files[name] for name in names})
    assert text.startswith("TLS takes both --tls-certificate (LOSSGRAD_TLS_CERTIFICATE) and ")


def test_files_that_are_no_certificates(tls, tmp_path):
    no_pem = tmp_path / "no.pem"
    no_pem.write_text("no")
    right = {**tls.settings, "tls_client_ca": tls.authority}
    require_sound(Settings(**right))
    for name in right:
        text = refusal(**{**right, name: no_pem})
        assert f"(LOSSGRAD_{name.upper()}) {no_pem}" in text
        assert "PEM" in text
        text = refusal(**{**right, name: tmp_path / "none"})
        assert text.endswith(f"{tmp_path / 'none'} cannot be read: No such file or directory")


def test_the_key_of_another_certificate(tls):
    text = refusal(tls_certificate=tls.certificate, tls_key=tls.key_of_another)
    assert text.endswith("the PEM key of the first, not encrypted")


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_password(tls, tmp_path):
    path = tmp_path / "encrypted.pem"
    path.write_bytes(encrypted(tls.key.read_bytes()))
    text = refusal(tls_certificate=tls.certificate, tls_key=path)
    assert text.endswith("not encrypted")


def encrypted(pem):
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(pem, None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_command_ends_with_one_line(workers):
    code, text = refused("--host", "0.0.0.0", LOSSGRAD_WORKERS=workers)
    assert code == 2
    assert text.startswith("lossgrad: --host 0.0.0.0 is an address that others reach")
    assert text.count("\n") == 1
