"""The service in this process, without a network: target ``local:``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast

from lossgrad.endpoints import Endpoint, Reply, Request
from lossgrad.errors import Internal, InvalidArgument, LossGradError
from lossgrad.transports.per_process import PerProcess

Handlers = Mapping[str, Callable[[Any], Any]]


class LocalTransport:
    """Calls the service's handlers; a computation runs to its end whatever the timeout."""

    def __init__(self) -> None:
        self._handlers = PerProcess[Handlers](_load_handlers)

    def send(self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float) -> Reply:  # noqa: ARG002
        """Make the call; see `Transport.send`."""
        handler = self._handlers.get()[endpoint.name]
        try:
            return cast(Reply, handler(endpoint.in_process(request)))
        except LossGradError:
            raise
        except Exception as error:  # what a server would hide behind a request id
            raise Internal(f"the computation failed: {error!r}") from error

    def close(self) -> None:
        """Refuse further calls."""
        self._handlers.close()


def _load_handlers() -> Handlers:
    try:
        return cast(Handlers, import_module("lossgrad_service.local").HANDLERS)
    except ModuleNotFoundError as error:
        text = f"'local:' needs {error.name}: pip install \"lossgrad[service]\""
        raise InvalidArgument.at("target", text) from error
