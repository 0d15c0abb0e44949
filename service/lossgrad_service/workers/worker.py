"""A worker: a process that serves until its supervisor tells it to stop or is gone."""

from __future__ import annotations

import asyncio
import socket
import sys

from lossgrad_service.runtime.logs import set_up_logging
from lossgrad_service.runtime.process import run_to_the_end
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.runtime.signals import stop_on_signals
from lossgrad_service.runtime.wrong_settings import WrongSettings
from lossgrad_service.server import Server
from lossgrad_service.workers.handover import place_in
from lossgrad_service.workers.line import READY, decode_line, encode_line


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
    told_to_stop = asyncio.create_task(reader.read())
    told_to_stop.add_done_callback(lambda _: server.request_stop())
    async with server:
        writer.write(encode_line(READY))
        await server.wait()


if __name__ == "__main__":
    run_to_the_end(_work())
