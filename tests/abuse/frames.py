"""HTTP/2 as nobody should speak it: frames made one by one, on a plain socket."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from hpack import Encoder
from hyperframe.frame import DataFrame, Frame, HeadersFrame, SettingsFrame

from tests.abuse.served import Address

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
COMPUTE: Final = "/lossgrad.v1.LossGradService/Compute"
COMPUTE_STREAM: Final = "/lossgrad.v1.LossGradService/ComputeStream"
GET_SERVER_INFO: Final = "/lossgrad.v1.LossGradService/GetServerInfo"

FRAME_BYTES: Final = 2**14
"""Most that a frame holds unless the peers agreed on more."""

STUCK_SECONDS: Final = 2.0
"""After which a server that takes no more bytes has stopped an attack."""

BATCH_BYTES: Final = 2**16

Header = tuple[str, str]


def header_lines(path: str, *more: Header) -> list[Header]:
    """Return the header of a call that is like any other, and further lines."""
    return [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        *more,
    ]


def stream_ids(count: int) -> range:
    """Return the numbers of so many streams of a client."""
    return range(1, 2 * count, 2)


class Attacker:
    """One connection to a gRPC port, which sends what it is told and reads nothing."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._encoder = Encoder()

    def greet(self, settings: Mapping[int, int] | None = None) -> None:
        """Send the preface and SETTINGS."""
        self._socket.sendall(PREFACE + SettingsFrame(0, settings=dict(settings or {})).serialize())

    def head(self, stream: int, headers: list[Header], *flags: str) -> HeadersFrame:
        """Return a HEADERS frame; its block must fit into it."""
        return HeadersFrame(stream, self._block(headers), flags=("END_HEADERS", *flags))

    def _block(self, headers: list[Header]) -> bytes:
        return self._encoder.encode(headers, huffman=False)

    def open(self, stream: int, path: str, *flags: str) -> HeadersFrame:
        """Return the HEADERS of a call that is like any other."""
        return self.head(stream, header_lines(path), *flags)

    def send(self, frames: Iterable[Frame]) -> int:
        """Send frames until they are all sent or the server has had enough; return how many."""
        return self.send_bytes(frame.serialize() for frame in frames)

    def send_bytes(self, pieces: Iterable[bytes]) -> int:
        """Send pieces until all are sent or the server has had enough; return how many."""
        sent = 0
        batch = bytearray()
        try:
            for piece in pieces:
                sent += 1
                batch += piece
                if len(batch) >= BATCH_BYTES:
                    self._socket.sendall(batch)
                    batch.clear()
            self._socket.sendall(batch)
        except (TimeoutError, ConnectionError):
            pass  # the server hung up, or reads no more: either is its good right
        return sent

    def wait_for_end(self, patience: float) -> bool:
        """Read and drop what the server says; return whether it hung up within a time."""
        self._socket.settimeout(patience)
        try:
            while self._socket.recv(BATCH_BYTES):
                pass
        except ConnectionError:
            pass
        except TimeoutError:
            return False
        return True


@contextmanager
def attacker(address: Address, settings: Mapping[int, int] | None = None) -> Iterator[Attacker]:
    """Connect, greet with some settings, and hang up at the end of the block."""
    with connected(address) as found:
        found.greet(settings)
        yield found


@contextmanager
def connected(address: Address) -> Iterator[Attacker]:
    """Connect without a word, and hang up at the end of the block."""
    with socket.create_connection(address, STUCK_SECONDS) as connection:
        yield Attacker(connection)


def message(payload: bytes, *, length: int | None = None, compressed: int = 0) -> bytes:
    """Return a gRPC message, or one whose prefix tells something else."""
    told = len(payload) if length is None else length
    return bytes([compressed]) + told.to_bytes(4, "big") + payload


def data(stream: int, payload: bytes, *flags: str) -> Iterator[DataFrame]:
    """Yield DATA frames; the flags are those of the last one."""
    starts = range(0, max(1, len(payload)), FRAME_BYTES)
    for start in starts:
        last = flags if start == starts[-1] else ()
        yield DataFrame(stream, payload[start : start + FRAME_BYTES], flags=last)
