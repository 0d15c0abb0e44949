"""What `import lossgrad` offers, and what it costs."""

from __future__ import annotations

import importlib.metadata
import inspect
import subprocess
import sys

import pytest

import lossgrad

EXPORTED = {
    "AsyncClient",
    "AsyncShardedClient",
    "Busy",
    "Cancelled",
    "Check",
    "Client",
    "DeadlineExceeded",
    "Internal",
    "InvalidArgument",
    "Limits",
    "LossGradError",
    "PermissionDenied",
    "Result",
    "ServerInfo",
    "ShardedClient",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Violation",
    "__version__",
}


def test_exported_names():
    assert set(lossgrad.__all__) == EXPORTED
    assert all(hasattr(lossgrad, name) for name in EXPORTED)


def test_version():
    assert lossgrad.__version__ == importlib.metadata.version("lossgrad")


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        lossgrad.missing  # noqa: B018


@pytest.mark.parametrize("name", ["grpc", "urllib3", "google.rpc", "lossgrad_service"])
def test_import_loads_no_transport(name):
    code = f"import lossgrad, sys; assert {name!r} not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("method", ["compute", "compute_future", "check", "info", "close"])
def test_clients_have_the_same_signatures(method):
    blocking = inspect.signature(getattr(lossgrad.Client, method))
    awaiting = inspect.signature(getattr(lossgrad.AsyncClient, method))
    assert blocking.parameters == awaiting.parameters


def test_both_maps_take_the_same():
    blocking, awaiting = map(inspect.signature, (lossgrad.Client.map, lossgrad.AsyncClient.map))
    kinds, more_kinds = (map_.parameters["batches"].annotation for map_ in (blocking, awaiting))
    assert more_kinds == f"{kinds} | Async{kinds}"
    others = [list(map_.parameters.values())[2:] for map_ in (blocking, awaiting)]
    assert others[0] == others[1]


def test_help_names_every_argument():
    from lossgrad.types import ProblemArguments

    text = inspect.getdoc(lossgrad.Client.compute) or ""
    assert [name for name in ProblemArguments.__annotations__ if name not in text] == []
