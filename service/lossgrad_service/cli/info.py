"""``lossgrad info``."""

from __future__ import annotations

from dataclasses import asdict

import orjson
import typer
from rich.console import Console
from rich.table import Table

from lossgrad import Client
from lossgrad.types import ServerInfo
from lossgrad_service.cli.errors import told_kindly
from lossgrad_service.cli.options import Json, Target, Timeout, TlsCa, TlsCert, TlsKey


def info(
    *,
    target: Target = "local:",
    timeout: Timeout = 60.0,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    as_json: Json = False,
) -> None:
    """Show the version, limits and capabilities of a server."""
    with (
        told_kindly(),
        Client(
            target, timeout=timeout, tls_ca=tls_ca, tls_cert=tls_cert, tls_key=tls_key
        ) as client,
    ):
        found = client.info()
    if as_json:
        typer.echo(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2).decode())
    else:
        Console().print(_table(found))


def _table(found: ServerInfo) -> Table:
    table = Table(show_header=False, box=None)
    fields = asdict(found)
    for name, value in {**fields, **fields.pop("limits")}.items():
        if name != "limits":
            shown = ", ".join(value) if isinstance(value, tuple) else str(value)
            table.add_row(name, shown)
    return table
