"""The service that is loaded: one of its own, on free ports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from urllib3 import PoolManager, Retry

from lossgrad_service.child import running_service

_PATIENT = Retry(total=8, backoff_factor=0.1, status_forcelist={503})


@contextmanager
def ready_service() -> Iterator[Mapping[str, str]]:
    """Start the service, yield its targets by protocol once it is ready, and stop it.

    Raises
    ------
    ServiceDidNotStart
        It ended without saying where it listens.
    urllib3.exceptions.HTTPError
        It did not become ready within some 25 seconds.
    """
    with running_service() as targets, PoolManager(retries=_PATIENT) as web:
        web.request("GET", f"{targets['HTTP']}/readyz")
        yield targets
