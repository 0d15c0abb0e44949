"""A caller, and what it may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Quota:
    """What a caller may use in a minute, of which one part may be without a limit."""

    calls_per_minute: int | None = None
    bytes_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a call."""

    name: str
    """Of its key, or where no keys are configured the host that it calls from."""
    quota: Quota | None = None
    """What it may use; None is no limit."""


class Door(Protocol):
    """What tells callers from strangers."""

    def caller_of(self, token: str | None, peer: str) -> Caller:
        """Return who calls.

        Parameters
        ----------
        token
            What came with the call; None where nothing did. See `tokens.token_in`.
        peer
            Where the call comes from: the host as HTTP has it, or gRPC's ``peer()``.

        Raises
        ------
        Unauthenticated
            Where the caller is none of this server's.
        """
        ...
