"""``lossgrad serve``."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

from lossgrad_service.cli.errors import told_kindly
from lossgrad_service.cli.settings import flag
from lossgrad_service.runtime.collector import relax_collector
from lossgrad_service.runtime.logs import set_up_logging
from lossgrad_service.runtime.settings import Settings, is_loopback
from lossgrad_service.server import Server

_log = logging.getLogger(__name__)


def serve(
    *,
    host: Annotated[str | None, flag("host")] = None,
    grpc_port: Annotated[int | None, flag("grpc_port")] = None,
    http_port: Annotated[int | None, flag("http_port")] = None,
    unix_socket: Annotated[Path | None, flag("unix_socket")] = None,
    max_request_bytes: Annotated[int | None, flag("max_request_bytes")] = None,
    max_response_bytes: Annotated[int | None, flag("max_response_bytes")] = None,
    max_tensor_bytes: Annotated[int | None, flag("max_tensor_bytes")] = None,
    max_stream_bytes: Annotated[int | None, flag("max_stream_bytes")] = None,
    max_held_bytes: Annotated[int | None, flag("max_held_bytes")] = None,
    compute_threads: Annotated[int | None, flag("compute_threads")] = None,
    lame_duck_seconds: Annotated[float | None, flag("lame_duck_seconds")] = None,
    shutdown_grace_seconds: Annotated[float | None, flag("shutdown_grace_seconds")] = None,
    kernel_cache: Annotated[Path | None, flag("kernel_cache")] = None,
    log_level: Annotated[str | None, flag("log_level")] = None,
) -> None:
    """Serve gRPC and HTTP until SIGINT or SIGTERM; a second one exits at once.

    Every flag is also a variable, --grpc-port LOSSGRAD_GRPC_PORT; the flag wins.
    """
    flags = {name: value for name, value in locals().items() if value is not None}
    with told_kindly():
        settings = Settings(**flags)
        set_up_logging(settings.log_level)
        _warn_of_open_ports(settings.host)
        relax_collector()
        asyncio.run(_serve(settings))
    if _still_computes():
        _end_now()


def _warn_of_open_ports(host: str) -> None:
    if not is_loopback(host):
        _log.warning("%s is open to others, and neither TLS nor keys stand before the ports", host)


async def _serve(settings: Settings) -> None:
    server = Server(settings)
    _stop_on_signals(server)
    async with server:
        for protocol, address in server.addresses.items():
            print(f"{protocol}  {address}", flush=True)
        await server.wait()
        print("stopping: calls under way may finish; a second signal exits at once", flush=True)


def _stop_on_signals(server: Server) -> None:
    loop = asyncio.get_running_loop()
    received: list[signal.Signals] = []

    def stop(signum: signal.Signals) -> None:
        if received:
            os._exit(128 + signum)
        received.append(signum)
        server.request_stop()

    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop, signum)


def _still_computes() -> bool:
    """Tell whether the interpreter would wait for threads before it ends."""
    others = set(threading.enumerate()) - {threading.current_thread()}
    return any(not thread.daemon for thread in others)


def _end_now() -> None:
    """End the process: calls that outlast the grace have nobody left to answer."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
