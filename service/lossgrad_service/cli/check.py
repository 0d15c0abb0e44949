"""``lossgrad check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from lossgrad import Client
from lossgrad.codecs.json_checks import check_to_json
from lossgrad.types import Check, CheckRequest
from lossgrad_service.cli.errors import told_kindly
from lossgrad_service.cli.inputs import read_options
from lossgrad_service.cli.matplotlib_check import chart_path
from lossgrad_service.cli.options import (
    Assignments,
    IgnoreIndex,
    Json,
    LabelSmoothing,
    Loss,
    Reduction,
    Reg,
    RegConvention,
    Source,
    Target,
    Timeout,
    TlsCa,
    TlsCert,
    TlsKey,
    option,
)
from lossgrad_service.cli.own_numbers import read_check
from lossgrad_service.cli.waiting import waiting
from lossgrad_service.cli.worst import Worst, worst_of

FOUND_WRONG = 4
"""Exit code where what was checked is not right."""


def check(
    source: Source,
    *,
    gradients: Annotated[
        Path | None, option("An .npz archive of your own numbers, beside those in IN.")
    ] = None,
    target: Target = "local:",
    timeout: Timeout = 60.0,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    loss: Loss = None,
    reduction: Reduction = None,
    ignore_index: IgnoreIndex = None,
    label_smoothing: LabelSmoothing = None,
    reg: Reg = None,
    reg_convention: RegConvention = None,
    assignments: Assignments = None,
    plot: Annotated[
        Path | None,
        option(
            "Draw the worst quantity to this .png, .svg or .pdf: yours, ours, their difference.",
            callback=chart_path,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Hold your own loss and gradients against the exact ones, and name the mistake.

    IN has the batch as for compute, and your numbers as the arrays loss, row_losses,
    probs, dscores, dw2, db2, dh1, dw1, db1, dx, dtargets, or in a JSON request under
    "gradients". Without any only our own gradients are verified.

    Exit codes: 0 all is right; 4 something is wrong, or looks like a known mistake;
    others as of every command.
    """
    flags = {
        "loss": loss,
        "reduction": reduction,
        "ignore_index": ignore_index,
        "label_smoothing": label_smoothing,
        "reg": reg,
        "reg_convention": reg_convention,
    }
    with told_kindly():
        arguments, own = read_check(source, gradients, read_options(assignments or [], flags))
        with Client(
            target, timeout=timeout, tls_ca=tls_ca, tls_cert=tls_cert, tls_key=tls_key
        ) as client:
            with waiting("checking"):
                found = client.check(gradients=own, **arguments)
            _show(found, as_json)
            if plot is not None:
                _draw(worst_of(found, CheckRequest.of(arguments, own), client), plot)
    raise typer.Exit(0 if found.ok else FOUND_WRONG)


def _show(found: Check, as_json: bool) -> None:
    typer.echo(orjson.dumps(check_to_json(found)).decode() if as_json else str(found))


def _draw(worst: Worst | None, path: Path) -> None:
    if worst is None:
        typer.echo("lossgrad: --plot: nothing to draw: send a gradient of your own", err=True)
        return
    # Not at the top: Matplotlib takes long to load, and may be missing.
    from lossgrad_service.cli.heat_maps import save_heat_maps

    save_heat_maps(worst, path)
