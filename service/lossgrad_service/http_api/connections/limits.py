"""What one HTTP connection may take of the server: bytes, counts and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lossgrad_service.http_api.connections.pace import Tempo

_HEAD: Final = Tempo(idle_seconds=10, seconds=10)
_TRANSFER: Final = Tempo(idle_seconds=15, bytes_per_second=8 * 2**10, seconds=300)
_LINGER: Final = Tempo(idle_seconds=5, seconds=5)
_LONGEST_PATROL: Final = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on connections; the defaults are far from what callers of good will do."""

    connections: int = 4096
    """Open at the same time. Each costs about 10 kB, and a look at it every second."""

    turned_away: int = 64
    """Further ones that are told to come back later; those above are closed unheard."""

    url_bytes: int = 8 * 2**10
    """RFC 9110 wants 8,000 at least."""

    headers: int = 100
    """Browsers and proxies send about 30 together."""

    head_bytes: int = 32 * 2**10
    """Request line and headers. Proxies commonly pass no more than this on."""

    framing_bytes: int = 64 * 2**10
    """Sizes of chunks, their extensions and trailers that come with any body."""

    framing_share: float = 1 / 8
    """More of them, as a share of the body: chunks of 56 bytes and above need no more."""

    pipelined: int = 8
    """Requests that wait on a connection until those before them are answered."""

    head: Tempo = _HEAD
    """A head is small: callers send it in one piece."""

    body: Tempo = _TRANSFER
    """64 MiB within the time for all of it are 1.8 Mbit/s."""

    answer: Tempo = _TRANSFER
    """As of bodies: what is not read occupies memory."""

    linger: Tempo = _LINGER
    """How long a caller that was answered early, and still sends, has to read that."""

    @property
    def heard(self) -> int:
        """Connections, at the same time, that are not closed as soon as they are opened."""
        return self.connections + self.turned_away

    @property
    def patrol_seconds(self) -> float:
        """Time between two looks at a connection: short beside what it may take."""
        tempos = (self.head, self.body, self.answer, self.linger)
        return min(_LONGEST_PATROL, *(tempo.idle_seconds / 4 for tempo in tempos))
