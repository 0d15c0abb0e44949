"""The service without a server: what the client's ``local:`` target calls.

The same methods as behind gRPC and HTTP, on the caller's own thread. There is no message
to be too large, so that only the limits on arrays hold. Settings are read from
``LOSSGRAD_*`` variables at the first call, and wrong ones are the caller's
`InvalidArgument`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from lossgrad.errors import InvalidArgument, Violation
from lossgrad.types import Check, CheckRequest, Problem, Result, check_limits, limits
from lossgrad_service import checking, core
from lossgrad_service.calls import Service, accept_request_id, guarded
from lossgrad_service.runtime.info import limits_of, server_info
from lossgrad_service.runtime.machine_code import keep_where_set
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.runtime.wrong_settings import variable_of, wrong_settings

Request = TypeVar("Request")
Reply = TypeVar("Reply")


@cache
def _service() -> Service:
    settings = _settings()
    keep_where_set(settings)
    start = time.monotonic()
    return Service(
        limits=limits_of(settings),
        describe=lambda: server_info(settings, time.monotonic() - start),
    )


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        violations = [Violation(variable_of(name), text) for name, text in wrong_settings(error)]
        raise InvalidArgument.of(violations) from error


def _handle(method: Callable[[Service, Request], Reply], request: Request) -> Reply:
    return guarded(accept_request_id(None), lambda: method(_service(), request))


def _compute(service: Service, problem: Problem) -> Result:
    limits.check_arrays(problem, service.limits)
    return core.compute(problem)


def _check(service: Service, request: CheckRequest) -> Check:
    check_limits.check_arrays(request, service.limits)
    return checking.check(request)


HANDLERS: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {
        "compute": partial(_handle, _compute),
        "check": partial(_handle, _check),
        "info": partial(_handle, Service.info),
    }
)
"""Methods by the name of their endpoint, on checked values."""
