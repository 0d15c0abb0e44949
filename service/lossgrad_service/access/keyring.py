"""Callers by their keys."""

from __future__ import annotations

import hmac

from lossgrad.errors import Unauthenticated
from lossgrad_service.access.caller import Caller
from lossgrad_service.access.key_file import KeyFile
from lossgrad_service.access.tokens import LONGEST, digest_of, is_possible

_HOW = "send a key of this server as 'authorization: Bearer KEY'"


class Keyring:
    """Lets in whoever shows a key of the keys file; used on one event loop.

    A key is looked for by comparing the digest of what was shown with the digests of all
    keys, each in constant time. A digest that was found is known from then on: only who
    has the key can show it again.
    """

    def __init__(self, file: KeyFile) -> None:
        self._file = file
        self._known: dict[bytes, Caller] = {}

    def caller_of(self, token: str | None, peer: str) -> Caller:
        """Return who calls; see `Door.caller_of`.

        Raises
        ------
        Unauthenticated
            Where there is no token, or it is no live key.
        """
        del peer
        if token is None:
            raise Unauthenticated(f"no key came with the call; {_HOW}")
        if not is_possible(token):
            raise Unauthenticated(
                f"what came with the call is no key of 1 to {LONGEST} ASCII characters; {_HOW}"
            )
        if self._file.look():
            self._known.clear()
        digest = digest_of(token)
        return self._known.get(digest) or self._find(digest)

    def _find(self, digest: bytes) -> Caller:
        found = [key for key in self._file.keys if hmac.compare_digest(key.digest, digest)]
        if not found:
            raise Unauthenticated(f"the key that came with the call is unknown; {_HOW}")
        return self._known.setdefault(digest, found[0].caller)
