"""``lossgrad warmup``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import orjson
import typer

from lossgrad_service import core
from lossgrad_service.cli.errors import told_kindly
from lossgrad_service.cli.options import Json
from lossgrad_service.cli.settings import flag
from lossgrad_service.cli.waiting import waiting
from lossgrad_service.kernels.compiling.cache import store
from lossgrad_service.runtime.machine_code import keep_where_set
from lossgrad_service.runtime.settings import Settings


def warmup(
    *,
    kernel_cache: Annotated[Path | None, flag("kernel_cache")] = None,
    as_json: Json = False,
) -> None:
    """Compile the kernels for this processor and keep them, so that no later process has to.

    In an image, run it once the package is installed. It tells where the compiled code
    lies; the exit code is 1 where it cannot be kept.
    """
    flags: dict[str, Any] = {} if kernel_cache is None else {"kernel_cache": kernel_cache}
    started = perf_counter()
    with told_kindly():
        keep_where_set(Settings(**flags))
        with waiting("compiling what is missing"):
            core.warm_up()
        _require_places()
    _show(Counter(map(str, store.places.values())), perf_counter() - started, as_json)


def _show(counts: Counter[str], seconds: float, as_json: bool) -> None:
    """Tell how much compiled code lies in which directory."""
    if as_json:
        typer.echo(orjson.dumps({"compiled": counts, "seconds": seconds}).decode())
        return
    for directory, count in counts.items():
        typer.echo(f"{count} compiled in {directory}")
    typer.echo(f"ready after {seconds:.1f} s")


def _require_places() -> None:
    if None in store.places.values():
        raise OSError("compiled code cannot be kept: no directory takes it")
