"""The service without a server: what the client's ``local:`` target calls.

The same methods as behind gRPC and HTTP, within the same limits, on the caller's
own thread; settings are read from ``LOSSGRAD_*`` variables at the first call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from lossgrad.types import InfoRequest, Problem, Result, ServerInfo
from lossgrad_service.calls import Service, accept_request_id, guarded
from lossgrad_service.runtime.info import limits_of, server_info
from lossgrad_service.runtime.settings import Settings


@cache
def _service() -> Service:
    settings = Settings()
    start = time.monotonic()
    return Service(
        limits=limits_of(settings),
        describe=lambda: server_info(settings, time.monotonic() - start),
    )


def _compute(problem: Problem) -> Result:
    return guarded(accept_request_id(None), lambda: _service().compute(problem))


def _info(request: InfoRequest) -> ServerInfo:
    return _service().info(request)


HANDLERS: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {"compute": _compute, "info": _info}
)
"""Methods by the name of their endpoint, on checked values."""
