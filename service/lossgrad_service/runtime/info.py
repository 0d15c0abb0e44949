"""What the server tells of itself."""

from __future__ import annotations

import platform
from dataclasses import fields
from functools import cache
from importlib.metadata import version

from lossgrad.types import Limits, ServerInfo, dtypes
from lossgrad.types.options import CHOICES
from lossgrad.types.quantities import WANTABLE
from lossgrad_service.runtime.settings import Settings


def limits_of(settings: Settings) -> Limits:
    """Return the published limits that the settings set."""
    return Limits(**{field.name: getattr(settings, field.name) for field in fields(Limits)})


def server_info(settings: Settings, uptime: float) -> ServerInfo:
    """Return version, limits and capabilities of a server that has been ready for `uptime` s."""
    return ServerInfo(
        version=_version(),
        limits=limits_of(settings),
        losses=CHOICES["loss"],
        outputs=WANTABLE,
        float_dtypes=dtypes.FLOATS,
        label_dtypes=dtypes.INTEGERS,
        compute_threads=settings.compute_threads,
        uptime_seconds=uptime,
    )


def build() -> dict[str, str]:
    """Return the versions of what runs, by name."""
    names = {"python": platform.python_version(), "version": _version()}
    return names | {name: version(name) for name in ("grpcio", "numpy")}


@cache
def _version() -> str:
    # Reading the distribution's metadata takes longer than the rest of a call.
    return version("lossgrad")
