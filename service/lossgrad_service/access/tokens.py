"""Tokens: what a caller shows, of which the server knows digests only."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

LONGEST = 512
"""Most characters of a token; longer ones are not even hashed."""

_BITS = 256
_PREFIX = "lossgrad_"
"""By which a token that was published by mistake is found."""

_SCHEME = "bearer "
_UNREADABLE = ""


def new_token() -> str:
    """Return a fresh random token."""
    return _PREFIX + secrets.token_urlsafe(_BITS // 8)


def digest_of(token: str) -> bytes:
    """Return the SHA-256 digest of a token, by which the keys file knows it.

    A token is random, so that guessing it from its digest is out of reach; a slow
    hash, which passwords need, would only slow down calls.
    """
    return hashlib.sha256(token.encode()).digest()


def is_possible(token: str) -> bool:
    """Return whether anybody could have this token: 1 to 512 characters of ASCII."""
    return 0 < len(token) <= LONGEST and token.isascii()


def token_in(authorization: Sequence[str]) -> str | None:
    """Return the token in the values of the header or metadata ``authorization``.

    Returns
    -------
    str or None
        None where there is no value; the empty token, which nobody has, where there are
        several or one that is no ``Bearer`` token.
    """
    if not authorization:
        return None
    value = authorization[0]
    is_one_bearer = len(authorization) == 1 and value[: len(_SCHEME)].lower() == _SCHEME
    return value[len(_SCHEME) :] if is_one_bearer else _UNREADABLE
