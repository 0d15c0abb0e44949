"""Tokens: made, recognised in a header, and never longer or stranger than they may be."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode

import pytest

from lossgrad_service.access.tokens import digest_of, is_possible, new_token, token_in


def test_a_new_token_has_256_bits_of_its_own():
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    for token in made:
        assert len(urlsafe_b64decode(token.removeprefix("lossgrad_") + "=")) * 8 == 256
        assert is_possible(token)


def test_digest_is_sha256():
    assert digest_of("token").hex() == hashlib.sha256(b"token").hexdigest()


@pytest.mark.parametrize(
    ("token", "expected"),
    [("x", True), ("x" * 512, True), ("x" * 513, False), ("x" * 10**6, False), ("", False),
     ("é", False), ("\ud800", False)],
)  # fmt: skip
def test_what_could_be_a_token(token, expected):
    assert is_possible(token) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((), None),
        (("Bearer abc",), "abc"),
        (("bearer abc",), "abc"),
        (("Bearer abc ",), "abc "),
        (("Bearer  abc",), " abc"),
        (("Bearer ",), ""),
        (("Bearer",), ""),
        (("abc",), ""),
        (("Basic abc",), ""),
        (("",), ""),
        (("Bearer abc", "Bearer abc"), ""),
    ],
)
def test_token_in_the_header(values, expected):
    assert token_in(values) == expected
