"""A worker: a process that serves until its supervisor tells it to stop or is gone."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import suppress

from lossgrad_service.runtime.collector import leave_out_what_serves
from lossgrad_service.runtime.logs import set_up_logging
from lossgrad_service.runtime.process import run_to_the_end
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.runtime.signals import stop_on_signals
from lossgrad_service.runtime.wrong_settings import WrongSettings
from lossgrad_service.server import Server
from lossgrad_service.workers.handover import place_in
from lossgrad_service.workers.line import READY, REPLACED, decode_line, encode_line
from lossgrad_service.workers.parent import die_with_parent


async def _work() -> None:
    line = socket.socket(fileno=sys.stdin.fileno())
    reader, writer = await asyncio.open_connection(sock=line)
    said = decode_line(await reader.readline())
    if not said:  # the supervisor is gone
        return
    try:
        await _serve(Settings.model_validate_json(said), reader, writer)
    except (OSError, WrongSettings) as error:
        writer.write(encode_line(str(error)))
        await writer.drain()
        sys.exit(1)


async def _serve(
    settings: Settings, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    set_up_logging(settings.log_level)
    server = Server(settings, place_in(sys.argv[1:]), shares_ports=True)
    stop_on_signals(server.request_stop)
    listening = asyncio.create_task(_stop_when_told(server, reader))
    async with server:
        leave_out_what_serves()
        if server.is_ready:
            writer.write(encode_line(READY))
        await server.wait()
    listening.cancel()


async def _stop_when_told(server: Server, reader: asyncio.StreamReader) -> None:
    said = ""
    # A supervisor that ends without having read all that it was told resets the connection.
    with suppress(ConnectionError):
        said = decode_line(await reader.readline())
    if said == REPLACED:
        server.retire()
    else:
        server.request_stop()


if __name__ == "__main__":
    die_with_parent()
    # It is for the supervisor, and some send it to all processes of a name.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    run_to_the_end(_work())
