"""``lossgrad compute``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import orjson
import typer
from rich.console import Console
from rich.table import Table

from lossgrad import Client
from lossgrad.codecs.json import result_to_json
from lossgrad.types import Array, Result
from lossgrad_service.cli.errors import told_kindly
from lossgrad_service.cli.inputs import read_arguments, read_options
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
from lossgrad_service.cli.waiting import waiting


def compute(
    source: Source,
    *,
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
    want: Annotated[list[str] | None, option("An output to answer; may be repeated.")] = None,
    assignments: Assignments = None,
    output: Annotated[
        Path | None, option("Write all outputs to this .npz archive.", "--output", "-o")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute the loss of one batch and its gradients.

    IN has the arrays scores (or h1, w2, b2; or x, w1, b1, w2, b2), labels or
    targets, class_weights, sample_weights.
    """
    flags = {
        "loss": loss,
        "reduction": reduction,
        "ignore_index": ignore_index,
        "label_smoothing": label_smoothing,
        "reg": reg,
        "reg_convention": reg_convention,
        "want": want or None,
    }
    with told_kindly():
        arguments = read_arguments(source, read_options(assignments or [], flags))
        with (
            Client(
                target, timeout=timeout, tls_ca=tls_ca, tls_cert=tls_cert, tls_key=tls_key
            ) as client,
            waiting("computing"),
        ):
            result = client.compute(**arguments)
        if output is not None:
            _save(output, result)
    _show(result, as_json)


def _save(path: Path, result: Result) -> None:
    arrays = {name: _storable(array) for name, array in result.arrays.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez(file, **result.scalars, **arrays)  # pyright: ignore[reportArgumentType]


def _storable(array: Array) -> Array:
    # .npz has no bfloat16; float32 holds all of its values.
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def _show(result: Result, as_json: bool) -> None:
    if as_json:
        answer = result_to_json(result, "list")
        typer.echo(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY).decode())
    else:
        Console().print(_table(result))


def _table(result: Result) -> Table:
    table = Table(box=None)
    for heading in ("output", "value", "shape", "dtype", "norm"):
        table.add_column(heading)
    for name, value in result.scalars.items():
        table.add_row(name, f"{value:.10g}")
    for name, array in result.arrays.items():
        norm = float(np.linalg.norm(array.astype(np.float64)))
        table.add_row(name, "", str(array.shape), array.dtype.name, f"{norm:.6g}")
    return table
