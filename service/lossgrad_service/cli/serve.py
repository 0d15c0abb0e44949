"""``lossgrad serve``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

from lossgrad_service.access.start import require_sound
from lossgrad_service.cli.settings import flag
from lossgrad_service.cli.telling import start_told_kindly
from lossgrad_service.runtime.addresses import print_addresses, print_stopping
from lossgrad_service.runtime.collector import leave_out_what_serves
from lossgrad_service.runtime.logs import set_up_logging
from lossgrad_service.runtime.process import run_to_the_end
from lossgrad_service.runtime.processor import require_processor
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.runtime.signals import heed_hangups, stop_on_signals
from lossgrad_service.workers import supervise

_log = logging.getLogger(__name__)


def serve(
    *,
    host: Annotated[str | None, flag("host")] = None,
    grpc_port: Annotated[int | None, flag("grpc_port")] = None,
    http_port: Annotated[int | None, flag("http_port")] = None,
    unix_socket: Annotated[Path | None, flag("unix_socket")] = None,
    keys_file: Annotated[Path | None, flag("keys_file")] = None,
    tls_certificate: Annotated[Path | None, flag("tls_certificate")] = None,
    tls_key: Annotated[Path | None, flag("tls_key")] = None,
    tls_client_ca: Annotated[Path | None, flag("tls_client_ca")] = None,
    insecure: Annotated[bool | None, flag("insecure")] = None,
    max_request_bytes: Annotated[int | None, flag("max_request_bytes")] = None,
    max_response_bytes: Annotated[int | None, flag("max_response_bytes")] = None,
    max_tensor_bytes: Annotated[int | None, flag("max_tensor_bytes")] = None,
    max_stream_bytes: Annotated[int | None, flag("max_stream_bytes")] = None,
    max_held_bytes: Annotated[int | None, flag("max_held_bytes")] = None,
    max_http_connections: Annotated[int | None, flag("max_http_connections")] = None,
    admission_bytes: Annotated[int | None, flag("admission_bytes")] = None,
    shared_memory_bytes: Annotated[int | None, flag("shared_memory_bytes")] = None,
    max_call_seconds: Annotated[float | None, flag("max_call_seconds")] = None,
    idle_seconds: Annotated[float | None, flag("idle_seconds")] = None,
    compute_threads: Annotated[int | None, flag("compute_threads")] = None,
    compute_niceness: Annotated[int | None, flag("compute_niceness")] = None,
    workers: Annotated[int | None, flag("workers")] = None,
    lame_duck_seconds: Annotated[float | None, flag("lame_duck_seconds")] = None,
    shutdown_grace_seconds: Annotated[float | None, flag("shutdown_grace_seconds")] = None,
    kernel_cache: Annotated[Path | None, flag("kernel_cache")] = None,
    malloc: Annotated[str | None, flag("malloc")] = None,
    log_level: Annotated[str | None, flag("log_level")] = None,
) -> None:
    """Serve gRPC and HTTP until SIGINT or SIGTERM; a second one exits at once.

    SIGHUP replaces the workers, one after the other, while the others take calls.

    Every flag is also a variable, --grpc-port LOSSGRAD_GRPC_PORT; the flag wins.
    """
    flags = {name: value for name, value in locals().items() if value is not None}
    with start_told_kindly():
        settings = Settings(**flags)
        set_up_logging(settings.log_level)
        require_processor()
        require_sound(settings)
        if settings.workers == 1:
            run_to_the_end(_serve(settings))
        else:
            supervise(settings)


async def _serve(settings: Settings) -> None:
    # Not at the top: a process that supervises others has no use for gRPC and the kernels.
    from lossgrad_service.server import Server

    server = Server(settings)
    stop_on_signals(server.request_stop)
    heed_hangups(_tell_that_nobody_takes_over)
    async with server:
        leave_out_what_serves()
        print_addresses(server.addresses)
        await server.wait()
        print_stopping()


def _tell_that_nobody_takes_over() -> None:
    _log.warning("SIGHUP changes nothing with one worker: with --workers 2 they are replaced")
