"""What callers use, held to their quotas."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from lossgrad_service.access.caller import Quota
from lossgrad_service.access.refused import Refused
from lossgrad_service.metrics.catalogue import Refusal

_MINUTE = 60.0

_BOUNDLESS = 2.0**63
"""What stands for no limit: more than anybody can use in a minute."""


class Bucket:
    """Holds an amount for one minute, and is filled as evenly as it is allowed.

    What is more than fits is taken from a full one, which then owes the rest: the quota
    holds over time, and nothing is refused for ever.

    Parameters
    ----------
    name
        What the limit is called in the keys file.
    cause
        What a caller lacks that is refused for it.
    per_minute
        How much fits, and how much flows in within a minute; full at the start.
    now
        The time, in seconds that never go back.
    """

    __slots__ = ("_at", "_holds", "_per_second", "_size", "cause", "name")

    def __init__(self, name: str, cause: Refusal, per_minute: float, now: float) -> None:
        self.name = name
        self.cause: Refusal = cause
        self._size = per_minute
        self._per_second = per_minute / _MINUTE
        self._holds = per_minute
        self._at = now

    def wait_for(self, amount: float, now: float) -> float:
        """Return in how many seconds `amount` can be taken; 0 where it can now."""
        self._holds = min(self._size, self._holds + (now - self._at) * self._per_second)
        self._at = now
        missing = min(amount, self._size) - self._holds
        return missing / self._per_second if missing > 0 else 0.0

    def take(self, amount: float) -> None:
        """Take an amount, there or not."""
        self._holds -= amount


@dataclass(slots=True)
class _Account:
    """What one caller has left of its quota."""

    quota: Quota
    calls: Bucket
    bytes: Bucket


class Quotas:
    """Counts what each caller uses; used on one event loop.

    Parameters
    ----------
    share
        The part of every quota that is granted here: 1/4 in each of four workers, so that
        all together grant no more than the quota.
    clock
        Gives seconds that never go back.
    """

    def __init__(self, share: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._accounts: dict[str, _Account] = {}

    def charge_call(self, name: str, quota: Quota) -> None:
        """Count a call.

        Raises
        ------
        Busy
            Where the caller's quota of calls is used up; nothing is counted then.
        """
        now = self._clock()
        calls = self._account_of(name, quota, now).calls
        _require(calls, 1, name, now)
        calls.take(1)

    def require_bytes(self, name: str, quota: Quota, size: int) -> None:
        """Let `size` bytes come, which count once they do.

        Raises
        ------
        Busy
            Where the caller's quota of bytes has not as many left.
        """
        now = self._clock()
        _require(self._account_of(name, quota, now).bytes, size, name, now)

    def charge_bytes(self, name: str, quota: Quota, size: int) -> None:
        """Count bytes that came; more than were left are owed, and fewer than none given back."""
        self._account_of(name, quota, self._clock()).bytes.take(size)

    def _account_of(self, name: str, quota: Quota, now: float) -> _Account:
        """Return a caller's account, a new one where its quota is another than before."""
        account = self._accounts.get(name)
        if account is None or account.quota != quota:
            account = self._accounts[name] = _Account(
                quota,
                self._bucket("calls_per_minute", "quota_calls", quota.calls_per_minute, now),
                self._bucket("bytes_per_minute", "quota_bytes", quota.bytes_per_minute, now),
            )
        return account

    def _bucket(self, name: str, cause: Refusal, limit: int | None, now: float) -> Bucket:
        return Bucket(name, cause, _BOUNDLESS if limit is None else limit * self._share, now)


def _require(bucket: Bucket, amount: int, name: str, now: float) -> None:
    wait = bucket.wait_for(amount, now)
    if wait > 0:
        raise Refused(
            f"the quota of {name}, its {bucket.name}, is used up; try again in {wait:.3g} s",
            retry_after=wait,
            cause=bucket.cause,
        )
