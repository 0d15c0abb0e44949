"""What grpcio is told of sizes, ports and defences."""

from __future__ import annotations

from typing import Final, TypeAlias

Options: TypeAlias = tuple[tuple[str, int], ...]

_METADATA_BYTES: Final = 8 * 1024

_DEFENCES: Final[Options] = (
    # Over these a connection or a call is refused before Python hears of it.
    ("grpc.max_allowed_incoming_connections", 4096),
    ("grpc.max_concurrent_streams", 1000),
    # Both, or what is between them is refused by chance. grpcio keeps the metadata of every
    # call, answered or not, until the cyclic collector comes by.
    ("grpc.max_metadata_size", _METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", _METADATA_BYTES),
    # Callers may ping as they like. grpcio's own strikes make each further PING of a caller
    # that does not read cost 60 microseconds; an answer costs a tenth of one.
    ("grpc.http2.max_ping_strikes", 0),
    # Callers that are gone without a word, do not greet, or stay for ever.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_age_ms", 600_000),
    # Calls under way then have a day: each has an end of its own, by its time or by its idleness,
    # but a stream may be terabytes.
    ("grpc.max_connection_age_grace_ms", 86_400_000),
)

_ROOMY_BYTES: Final = 2**29
"""Of a budget beside which the windows of a line of callers, 4 MiB each, are little."""

_FIXED_WINDOWS: Final[Options] = (
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 2**20),
)
"""What calls send that wait to be read: without these as much as their network holds."""


def options_of(max_request_bytes: int, budget: int, shares_ports: bool) -> Options:
    """Return the options of a server.

    Parameters
    ----------
    max_request_bytes
        Of the largest message that is taken.
    budget
        Bytes that all calls may hold together.
    shares_ports
        Whether other processes listen on the same ports.
    """
    return (
        ("grpc.max_receive_message_length", max_request_bytes),
        # The limit on answers is checked before they are computed.
        ("grpc.max_send_message_length", -1),
        # With 0 a port that another process has is an error, not shared in silence.
        ("grpc.so_reuseport", int(shares_ports)),
        *(_FIXED_WINDOWS if budget < _ROOMY_BYTES else ()),
        *_DEFENCES,
    )
