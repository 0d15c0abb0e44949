"""Who is let in by keys, and in which words others are not."""

from __future__ import annotations

import pytest

from lossgrad.errors import Unauthenticated
from lossgrad_service.access.caller import Caller, Quota
from lossgrad_service.access.key_file import KeyFile
from lossgrad_service.access.keyring import Keyring
from lossgrad_service.access.open_door import OpenDoor
from tests.access.clock import Clock
from tests.access.files import entry

PEER = "ipv4:127.0.0.1:5"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text(entry("a", "one") + entry("a", "two") + entry("b", "three", calls_per_minute=5))
    return path


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keyring(path, clock):
    return Keyring(KeyFile(path, clock))


def test_every_live_key_is_let_in(keyring):
    for _ in range(2):
        assert keyring.caller_of("one", PEER) == Caller("a")
        assert keyring.caller_of("two", PEER) == Caller("a")
        assert keyring.caller_of("three", PEER) == Caller("b", Quota(calls_per_minute=5))


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (None, "no key came"),
        ("", "no key of 1 to 512 ASCII characters"),
        ("x" * 513, "no key of 1 to 512"),
        ("x" * 10**6, "no key of 1 to 512"),
        ("öne", "no key of 1 to 512"),
        ("ONE", "unknown"),
        ("one ", "unknown"),
        (" one", "unknown"),
        ("one\n", "unknown"),
        ("one\0", "unknown"),
        ("on", "unknown"),
        ("a", "unknown"),
    ],
)
def test_nobody_else_is(keyring, token, said):
    keyring.caller_of("one", PEER)
    with pytest.raises(Unauthenticated) as caught:
        keyring.caller_of(token, PEER)
    assert said in caught.value.message
    assert "authorization: Bearer KEY" in caught.value.message
    assert len(caught.value.message) < 200


def test_the_digest_is_no_key(keyring, path):
    digest = path.read_text().partition('sha256 = "')[2][:64]
    with pytest.raises(Unauthenticated, match="unknown"):
        keyring.caller_of(digest, PEER)


def test_rotation(keyring, path, clock):
    keyring.caller_of("one", PEER)
    path.write_text(entry("a", "two") + entry("a", "new"))
    clock.now = 1
    assert keyring.caller_of("new", PEER) == keyring.caller_of("two", PEER) == Caller("a")
    with pytest.raises(Unauthenticated, match="unknown"):
        keyring.caller_of("one", PEER)


@pytest.mark.parametrize(
    ("peer", "name"),
    [
        ("ipv4:10.0.0.1:5000", "10.0.0.1"),
        ("ipv6:%5B::1%5D:5000", "::1"),
        ("ipv6:%5Bfe80::1%25eth0%5D:5000", "fe80::1%eth0"),
        ("unix:", "unix:"),
        ("10.0.0.1", "10.0.0.1"),
        ("::1", "::1"),
    ],
)
def test_an_open_door_names_callers_by_their_host(peer, name):
    for token in (None, "", "x" * 10**6):
        assert OpenDoor().caller_of(token, peer) == Caller(name)
