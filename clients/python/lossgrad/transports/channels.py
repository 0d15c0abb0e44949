"""gRPC's channels, blocking and asyncio, with the types that the package lacks.

All that is untyped about gRPC stays in this module.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import Any, Final, Protocol, cast

from lossgrad.allocator import tune_unless_told
from lossgrad.codecs.server_timing import KEY, decode_timing
from lossgrad.codecs.status import DETAILS_KEY, decode_status
from lossgrad.errors import LossGradError
from lossgrad.transports import silence
from lossgrad.transports.credentials import Credentials
from lossgrad.transports.forks import make_forks_wait
from lossgrad.transports.handshakes import read_handshake
from lossgrad.transports.target import Target


def _import_grpc() -> Any:
    """Import gRPC with its documented default of GRPC_VERBOSITY, which its C core does not keep to.

    It would tell stderr of every fork and of every server that goes away. It reads
    the variable as it is imported; child processes are not to inherit it.
    """
    if "GRPC_VERBOSITY" in os.environ:
        return import_module("grpc")
    os.environ["GRPC_VERBOSITY"] = "ERROR"
    try:
        return import_module("grpc")
    finally:
        del os.environ["GRPC_VERBOSITY"]


_grpc: Any = _import_grpc()

RpcError: type[Exception] = _grpc.RpcError
"""What both kinds of channel raise where a call fails."""

Metadata = Iterable[tuple[str, str | bytes]]
Shown = tuple[tuple[str, str], ...]
"""The metadata that a client sends."""

_OPTIONS: Final = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # gRPC's own retries give up on messages over 256 KiB; the client has its own.
    ("grpc.enable_retries", 0),
    # A server that comes back must be found within the client's pauses, not after 20 s.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # However long a computation takes: with 2, the default, pings then come once a minute.
    ("grpc.http2.max_pings_without_data", 0),
)

# gRPC obeys http_proxy and grpc_proxy even for targets on this machine: whoever runs the
# proxy would read the token. Over TLS a proxy sees but where the call goes.
_PLAIN_OPTIONS: Final = (("grpc.enable_http_proxy", 0),)

# Calls take turns among all addresses of a name that can be reached; by default gRPC keeps to the
# first of them for ever. So it does to names without TLS or dns:, which are of single machines:
# localhost has two addresses, of which one is dead as a rule.
_BY_NAME: Final = (("grpc.service_config", '{"loadBalancingConfig": [{"round_robin": {}}]}'),)


class Call(Protocol):
    """What gRPC knows about a call that is over."""

    def trailing_metadata(self) -> Metadata | None:
        """Return what the server sent after the answer."""
        ...


class Method(Protocol):
    """A blocking unary method on raw bytes."""

    def with_call(
        self, request: bytes, *, timeout: float, metadata: Metadata
    ) -> tuple[bytes, Call]:
        """Make the call."""
        ...


class StreamCall(Call, Iterator[bytes], Protocol):
    """A blocking call that receives messages until the server ends its side."""

    def cancel(self) -> bool:
        """End the call; nothing if it is over."""
        ...


class StreamMethod(Protocol):
    """A blocking method with a stream of raw bytes each way."""

    def __call__(
        self, requests: Iterator[bytes], *, timeout: float, metadata: Metadata
    ) -> StreamCall:
        """Begin the call; a thread of gRPC's sends the requests."""
        ...


class Channel(Protocol):
    """A blocking channel."""

    def unary_unary(self, method: str) -> Method:
        """Return a method by its path."""
        ...

    def stream_stream(self, method: str) -> StreamMethod:
        """Return a method by its path."""
        ...

    def close(self) -> None:
        """Close the channel and cancel its calls."""
        ...


class AioCall(Protocol):
    """A call under way in an event loop."""

    def __await__(self) -> Any: ...

    async def trailing_metadata(self) -> Metadata | None:
        """Return what the server sent after the answer."""
        ...


class AioMethod(Protocol):
    """A unary method on raw bytes in an event loop."""

    def __call__(self, request: bytes, *, timeout: float, metadata: Metadata) -> AioCall:
        """Begin the call."""
        ...


class AioChannel(Protocol):
    """A channel of an event loop."""

    def unary_unary(self, method: str) -> AioMethod:
        """Return a method by its path."""
        ...

    async def close(self) -> None:
        """Close the channel and cancel its calls."""
        ...


class Connection:
    """A blocking channel and its methods, of which each is made once: that takes long.

    Parameters
    ----------
    channel
        What it goes over; its own.
    metadata
        What every call carries to show who calls.
    """

    def __init__(self, channel: Channel, metadata: Shown) -> None:
        self.channel = channel
        self.metadata = metadata
        self.method: Callable[[str], Method] = cache(channel.unary_unary)


def open_connection(target: Target, credentials: Credentials) -> Connection:
    """Return a connection, which begins with its first call."""
    channel = cast(Channel, _open(_grpc, target, credentials))
    return Connection(channel, metadata_of(credentials))


def open_aio_channel(target: Target, credentials: Credentials) -> AioChannel:
    """Return a channel of the running event loop; it connects on its first call."""
    return cast(AioChannel, _open(_grpc.aio, target, credentials))


def metadata_of(credentials: Credentials) -> Shown:
    """Return what every call carries to show who calls."""
    value = credentials.authorization
    return () if value is None else (("authorization", value),)


def _open(kind: Any, target: Target, credentials: Credentials) -> object:
    tune_unless_told()
    channel = _channel(kind, target, credentials)
    make_forks_wait()
    return channel


def _channel(kind: Any, target: Target, credentials: Credentials) -> object:
    options = (*_OPTIONS, *_on_silence())
    if target.is_secure:
        options = (*options, *_BY_NAME)
        return kind.secure_channel(target.address, _tls_of(credentials), options=options)
    by_name = _BY_NAME if target.address.startswith("dns:") else ()
    return kind.insecure_channel(target.address, options=(*options, *_PLAIN_OPTIONS, *by_name))


def _on_silence() -> Iterable[tuple[str, int]]:
    """Yield what has connections end whose server is gone without a word."""
    sign = round(1000 * silence.SIGN_WITHIN)
    # This is how long connecting may take.
    yield "grpc.min_reconnect_backoff_ms", round(1000 * silence.GONE_AFTER)
    yield "grpc.keepalive_time_ms", round(1000 * silence.ASKED_AFTER)
    # This sets TCP_USER_TIMEOUT, too. Pings of newer gRPC go by the other one, a minute by default.
    yield "grpc.keepalive_timeout_ms", sign
    yield "grpc.http2.ping_timeout_ms", sign


def _tls_of(credentials: Credentials) -> object:
    own = credentials.certificate
    if own is None:
        return _grpc.ssl_channel_credentials(credentials.authority)
    return _grpc.ssl_channel_credentials(credentials.authority, own.key, own.chain)


def read_timing(metadata: Metadata | None) -> dict[str, float]:
    """Return where the service's time went, from trailing metadata."""
    for key, value in metadata or ():
        if key == KEY and isinstance(value, str):
            return decode_timing(value)
    return {}


def read_error(error: Any) -> LossGradError:
    """Return what an `RpcError` of either kind of channel stands for."""
    details = dict(cast(Metadata, error.trailing_metadata() or ())).get(DETAILS_KEY)
    code: int = error.code().value[0]
    text: str = error.details() or f"the call failed with {error.code().name}"
    status_details = details if isinstance(details, bytes) else None
    return read_handshake(text) or decode_status(code, text, status_details)
