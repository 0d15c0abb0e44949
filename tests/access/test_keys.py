"""The text of a keys file: what it means, and what is said of one that means nothing."""

from __future__ import annotations

import pytest

from lossgrad_service.access.caller import Caller, Quota
from lossgrad_service.access.keys import Key, WrongKeys, entry_of, fields_of, parse_keys
from lossgrad_service.access.tokens import digest_of

DIGEST = "ab" * 32
NAMED = '[[key]]\nname = "a"\n'
RIGHT = f'{NAMED}sha256 = "{DIGEST}"\n'


def test_keys_with_and_without_a_quota():
    text = RIGHT + f'[[key]]\nname = "b"\nsha256 = "{DIGEST.upper()}"\ncalls_per_minute = 5\n'
    assert parse_keys(text) == (
        Key(bytes.fromhex(DIGEST), Caller("a")),
        Key(bytes.fromhex(DIGEST), Caller("b", Quota(calls_per_minute=5))),
    )


@pytest.mark.parametrize("quota", [Quota(), Quota(5), Quota(None, 2**63 - 1), Quota(1, 1)], ids=str)
def test_an_entry_is_read_back(quota):
    (key,) = parse_keys(entry_of(fields_of("trainer-7", digest_of("t"), quota)))
    assert key.digest == digest_of("t")
    assert key.caller.name == "trainer-7"
    assert (key.caller.quota or Quota()) == quota


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no [[key]] table; 'lossgrad key NAME' makes one"),
        ("key = []", "has no [[key]] table"),
        ("key = 5", "has no [[key]] table"),
        ("key = [5]", "key 1 is no table"),
        ("[key]\nname = 'a'", "has no [[key]] table"),
        ("= 5", "not TOML: "),
        (RIGHT + RIGHT + "= 5", "line 7"),
        ("a = " + "[" * 100_000, "not TOML: "),
        ("a = " + "9" * 100_000, "not TOML: "),
        ("[[keys]]\nname = 'a'", "has 'keys', but [[key]] tables only are known"),
        (RIGHT + "token = 'secret'", "key 1 has 'token', but name, sha256, calls_per_minute"),
        (f"[[key]]\nsha256 = '{DIGEST}'", "key 1: name must be 1 to 64 letters"),
        (RIGHT + NAMED, "key 2: sha256 must be 64 hexadecimal digits"),
        (NAMED + "sha256 = 'lossgrad_token'", "key 1: sha256 must be 64 hexadecimal digits"),
        (NAMED + f"sha256 = '{DIGEST}ab'", "key 1: sha256 must be 64"),
        (NAMED + "sha256 = 5", "key 1: sha256 must be 64"),
        (RIGHT + "calls_per_minute = 0", "key 1: calls_per_minute must be a whole number"),
        (RIGHT + "calls_per_minute = true", "key 1: calls_per_minute must be a whole number"),
        (RIGHT + "bytes_per_minute = 1.5", "key 1: bytes_per_minute must be a whole number"),
        (RIGHT + f"bytes_per_minute = {2**63}", "key 1: bytes_per_minute must be a whole number"),
        (RIGHT + RIGHT + "calls_per_minute = 5", "the keys of a must all state the same quota"),
    ],
)
def test_what_is_said_of_a_wrong_file(text, said):
    with pytest.raises(WrongKeys) as caught:
        parse_keys(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "lossgrad_token" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", ".a", "é", "a" * 65, 'a"', "a\n"])
def test_what_is_no_name(name):
    with pytest.raises(WrongKeys, match="name must be 1 to 64"):
        fields_of(name, digest_of("t"), Quota())
