"""What has come of the request that comes now, within limits."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

import httptools

from lossgrad_service.http_api.connections import refusals
from lossgrad_service.http_api.connections.limits import Limits
from lossgrad_service.http_api.connections.pace import Pace
from lossgrad_service.http_api.connections.refusals import Refused

_HOST: Final = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[\w.~%!$&'()*+,;=-]*)(:\d{0,5})?")

Headers = list[tuple[bytes, bytes]]
"""Names and values, in the order of their coming."""


class Phase(Enum):
    """How much of a request has come."""

    HEAD = auto()
    """Not all of its head, maybe nothing yet on a connection just opened."""

    BODY = auto()
    """Its head, and not all of its body."""

    DONE = auto()
    """All of it, and nothing of the next."""


class Intake:
    """Counts the bytes of one request after the other, and the time that they take.

    Parameters
    ----------
    limits
        Of the connection.
    """

    def __init__(self, limits: Limits) -> None:
        self.phase = Phase.HEAD
        self._limits = limits
        self._overhead = 0
        """Bytes of the request that are not of its body."""
        self._received = 0
        """Bytes of its body."""
        self._pace: Pace | None = None

    @property
    def is_unheard(self) -> bool:
        """Whether nothing came since the connection was opened."""
        return self.phase is Phase.HEAD and self._overhead == 0

    def enter(self, phase: Phase) -> None:
        """Begin a phase, and its time with it."""
        self.phase = phase
        self._pace = None

    def came(self, size: int) -> None:
        """Count bytes that came, of the next request where the last one is done."""
        if self.phase is Phase.DONE:
            self.enter(Phase.HEAD)
        self._overhead += size

    def was_body(self, size: int) -> None:
        """Count bytes among those that came as bytes of the body."""
        self._overhead -= size
        self._received += size

    def finish(self) -> None:
        """Have all of the request; what came with its end counts for no other."""
        self._overhead = self._received = 0
        self.enter(Phase.DONE)

    # Limits on time

    def is_late(self, now: float, *, waits_for_us: bool) -> bool:
        """Return whether the request comes too slowly; not while its caller waits for us."""
        if self.phase is Phase.DONE:
            return False
        if self._pace is None:
            tempo = self._limits.head if self.phase is Phase.HEAD else self._limits.body
            self._pace = Pace(tempo, 0, now)
        if waits_for_us:
            self._pace.rest(now)
            return False
        return self._pace.is_late(self._received, now)

    def too_late(self) -> Refused:
        """Return the refusal of a request that comes too slowly."""
        is_head = self.phase is Phase.HEAD
        return (refusals.late_head if is_head else refusals.late_body)(self._limits)

    # Limits on bytes and counts

    def check_head(
        self, url: bytes, headers: Headers, parser: httptools.HttpRequestParser, n_waiting: int
    ) -> None:
        """Hold a whole head against the limits.

        Parameters
        ----------
        url, headers
            What it has.
        parser
            Knows how it ends.
        n_waiting
            Requests before it that wait for others to be answered.

        Raises
        ------
        Refused
            Where it exceeds a limit, or is not as it should be.
        """
        self._check_size(url, headers)
        _check_host(headers, parser.get_http_version())
        if parser.should_upgrade() and _announces_body(headers):
            # The parser would take the body for that of another protocol.
            raise refusals.malformed("this port speaks HTTP/1.1 only; send no upgrade header")
        if n_waiting >= self._limits.pipelined:
            raise refusals.many_pipelined(self._limits)

    def check_overhead(self, url: bytes) -> None:
        """Hold what came beside the body, as far as it came, against the limits.

        Parameters
        ----------
        url
            As far as it came.

        Raises
        ------
        Refused
            Where it is too much.
        """
        limits = self._limits
        if self.phase is Phase.HEAD and self._overhead > limits.head_bytes:
            is_url = len(url) > limits.url_bytes
            raise (refusals.long_url if is_url else refusals.large_head)(limits)
        framing = limits.framing_bytes + limits.framing_share * self._received
        if self.phase is Phase.BODY and self._overhead > limits.head_bytes + framing:
            raise refusals.small_chunks()

    def _check_size(self, url: bytes, headers: Headers) -> None:
        if len(url) > self._limits.url_bytes:
            raise refusals.long_url(self._limits)
        if len(headers) > self._limits.headers:
            raise refusals.many_headers(self._limits)
        # What came with the head may be of its body.
        limit = self._limits.head_bytes
        if self._overhead > limit and _head_bytes(url, headers) > limit:
            raise refusals.large_head(self._limits)


def _head_bytes(url: bytes, headers: Headers) -> int:
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)


def _check_host(headers: Headers, version: str) -> None:
    hosts = [value for name, value in headers if name == b"host"]
    if not hosts and version == "1.0":
        return
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        raise refusals.malformed("the request must have one host header, such as localhost:8080")


def _announces_body(headers: Headers) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in headers
    )
