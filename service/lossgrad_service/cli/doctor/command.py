"""``lossgrad doctor``: the options."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from lossgrad_service.cli.doctor.examination import examine
from lossgrad_service.cli.doctor.patient import Files, patient_at
from lossgrad_service.cli.doctor.report import exit_code_after, shown, to_json
from lossgrad_service.cli.errors import told_kindly
from lossgrad_service.cli.options import Json, TlsCa, TlsCert, TlsKey


def doctor(
    target: Annotated[
        str,
        typer.Argument(
            help="localhost:50051, grpc://…, grpcs://…, unix:///path, http://…, https://… or local:"
        ),
    ],
    *,
    timeout: Annotated[float, typer.Option(help="Seconds that each step may take.")] = 10.0,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    as_json: Json = False,
) -> None:
    """Find out what is wrong between here and a service, and what to do about it.

    Looks at the name, the connection, TLS, the protocol, readiness, clocks, the key of
    LOSSGRAD_TOKEN, versions and limits, and times calls of three sizes, which take up to
    36 calls and 90 MB of the key's quotas. ✓ is well, ! works but should be seen to, and
    ✗ ends the examination.

    Exit codes: 0 nothing is wrong; 3 the service cannot be reached, is not ready or too
    slow; 1 it refuses us, or fails; 2 the target or an option means nothing.
    """
    with told_kindly(), patient_at(target, Files(tls_ca, tls_cert, tls_key), timeout) as patient:
        if as_json:
            findings = list(examine(patient))
            typer.echo(to_json(target, findings))
        else:
            findings = list(shown(examine(patient), Console()))
    raise typer.Exit(exit_code_after(findings))
