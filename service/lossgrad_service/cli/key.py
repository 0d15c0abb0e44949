"""``lossgrad key``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import orjson
import typer

from lossgrad_service.access.caller import Quota
from lossgrad_service.access.keys import WrongKeys, entry_of, fields_of
from lossgrad_service.access.tokens import digest_of, new_token
from lossgrad_service.cli.options import Json
from lossgrad_service.cli.telling import WRONG_INPUT, tell

Limit = Annotated[
    int | None, typer.Option(min=1, show_default=False, help="Of all keys of this name together.")
]


def key(
    name: Annotated[str, typer.Argument(help="Of the caller, as logs and refusals have it.")],
    *,
    calls_per_minute: Limit = None,
    bytes_per_minute: Limit = None,
    as_json: Json = False,
) -> None:
    """Make a key: its token for the caller, its entry for the keys file.

    The entry goes to standard output, as in `lossgrad key trainer >> keys.toml`. The token
    goes to standard error and nowhere else: it cannot be shown again. --json prints one
    object of both, the token with it, to standard output.
    """
    token = new_token()
    try:
        fields = fields_of(name, digest_of(token), Quota(calls_per_minute, bytes_per_minute))
    except WrongKeys as error:
        tell([str(error)], WRONG_INPUT)
    else:
        _show(token, fields, as_json)


def _show(token: str, fields: Mapping[str, str | int], as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps({"token": token, **fields}).decode())
        return
    typer.echo(f"token of {fields['name']}, shown only now: {token}", err=True)
    typer.echo(f"\n{entry_of(fields)}")
