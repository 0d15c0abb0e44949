"""The arrows of the architecture: what each room may import.

A room is a package or module; the most specific rule that covers a module holds it.
Own packages and the third parties named must be allowed; the standard library
always is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.imports import Import, imports_of, modules

ROOT = Path(__file__).parents[1]
SOURCES = {"lossgrad": ROOT / "clients/python", "lossgrad_service": ROOT / "service"}

CONTRACT = ("lossgrad.types", "lossgrad.errors")
IN_A_GRAPH = (*CONTRACT, "lossgrad.losses", "lossgrad.client", "numpy")
"""What a node of a framework's graph is made of."""

SERVICE = "lossgrad_service"
CALLS = f"{SERVICE}.calls"
"""What both adapters have in common; neither knows the other."""

ADMISSION = f"{SERVICE}.admission"
CHECKING = f"{SERVICE}.checking"
CORES = f"{SERVICE}.cores"
MEMORY_LIMIT = f"{SERVICE}.memory_limit"
METRICS = f"{SERVICE}.metrics"
OPEN_INFERENCE = f"{SERVICE}.open_inference"
"""What both ports carry of that protocol; it knows neither."""
PAGE = f"{SERVICE}.page"
SETTINGS = f"{SERVICE}.runtime.settings"
SHARED_MEMORY = f"{SERVICE}.shared_memory"
_LIGHT = (
    *("addresses", "collector", "log_lines", "logs", "process", "processor", "signals"),
    *("unix_socket", "wrong_settings"),
)
LIGHT = tuple(f"{SERVICE}.runtime.{name}" for name in _LIGHT)
"""Modules that a supervising process may import: they load neither gRPC nor the kernels."""
_CHECKED = ("caller", "exposure", "key_file", "keys", "start", "tls", "tokens")
CHECKED_AT_START = tuple(f"{SERVICE}.access.{name}" for name in _CHECKED)
"""Modules on keys and certificates that a supervising process may import, too."""

RULES: dict[str, tuple[str, ...]] = {
    "lossgrad": ("lossgrad", "numpy"),
    "lossgrad.allocator": (),
    "lossgrad.errors": (),
    "lossgrad.deadline": ("lossgrad.errors",),
    "lossgrad.types": (*CONTRACT, "numpy", "ml_dtypes"),
    "lossgrad.v1": ("google",),
    "lossgrad.codecs": (
        *CONTRACT,
        "lossgrad.codecs",
        "lossgrad.v1",
        "numpy",
        "google",
        "pybase64",
    ),
    "lossgrad.recycling": ("lossgrad.allocator", "lossgrad.types", "numpy"),
    "lossgrad.shared_memory": (*CONTRACT, "lossgrad.shared_memory", "lossgrad.codecs", "numpy"),
    "lossgrad.compute_call": (*CONTRACT, "lossgrad.recycling", "lossgrad.shared_memory", "numpy"),
    "lossgrad.exchange": (*CONTRACT, "lossgrad.codecs", "lossgrad.compute_call", "numpy"),
    "lossgrad.shared_exchange": (
        *CONTRACT,
        "lossgrad.codecs",
        "lossgrad.compute_call",
        "lossgrad.exchange",
        "lossgrad.shared_memory",
        "numpy",
    ),
    "lossgrad.endpoints": (
        *CONTRACT,
        "lossgrad.codecs",
        "lossgrad.compute_call",
        "lossgrad.shared_exchange",
    ),
    "lossgrad.transports": (
        *CONTRACT,
        "lossgrad.codecs",
        "lossgrad.allocator",
        "lossgrad.deadline",
        "lossgrad.endpoints",
        "lossgrad.transports",
        "grpc",
        "urllib3",
    ),
    "lossgrad.known_limits": CONTRACT,
    "lossgrad.losses": (
        *CONTRACT,
        "lossgrad.losses",
        "lossgrad.client",
        "lossgrad.settings",
        "numpy",
    ),
    # The only rooms that know PyTorch and JAX; nobody imports them but who uses them.
    "lossgrad.torch": (*IN_A_GRAPH, "lossgrad.torch", "torch"),
    "lossgrad.jax": (
        *IN_A_GRAPH,
        "lossgrad.jax",
        "lossgrad.pipelines",
        "lossgrad.settings",
        "jax",
    ),
    "lossgrad.sharded": (
        *CONTRACT,
        "lossgrad.aio",
        "lossgrad.client",
        "lossgrad.compute_call",
        "lossgrad.deadline",
        "lossgrad.endpoints",
        "lossgrad.known_limits",
        "lossgrad.pipelines",
        "lossgrad.recycling",
        "lossgrad.retry",
        "lossgrad.settings",
        "lossgrad.sharded",
        "lossgrad.shared_memory",
        "lossgrad.transports",
        "numpy",
    ),
    "lossgrad.pipelines": ("lossgrad.errors", "lossgrad.pipelines", "lossgrad.transports.closed"),
    CORES: (),
    MEMORY_LIMIT: (),
    f"{SERVICE}.kernels": (f"{SERVICE}.kernels", CORES, "llvmlite", "numba", "numpy"),
    f"{SERVICE}.core": (f"{SERVICE}.core", f"{SERVICE}.kernels", CORES, *CONTRACT, "numpy"),
    CHECKING: (CHECKING, f"{SERVICE}.core", *CONTRACT, "numpy", "typing_extensions"),
    METRICS: (METRICS,),
    ADMISSION: (
        ADMISSION,
        f"{SERVICE}.access.caller",
        f"{SERVICE}.access.quotas",
        f"{SERVICE}.access.refused",
        "lossgrad.errors",
    ),
    CALLS: (
        CALLS,
        ADMISSION,
        METRICS,
        f"{SERVICE}.access.refused",
        CHECKING,
        f"{SERVICE}.core",
        f"{SERVICE}.runtime.log_lines",
        *CONTRACT,
        "numpy",
        "structlog",
    ),
    SHARED_MEMORY: (
        SHARED_MEMORY,
        ADMISSION,
        f"{SERVICE}.access.caller",
        *CONTRACT,
        "lossgrad.codecs",
        "numpy",
    ),
    f"{SERVICE}.sharing": (
        SHARED_MEMORY,
        f"{SERVICE}.access.caller",
        SETTINGS,
        f"{SERVICE}.runtime.unix_socket",
        "lossgrad.codecs",
    ),
    OPEN_INFERENCE: (
        OPEN_INFERENCE,
        CALLS,
        *CONTRACT,
        "lossgrad.codecs",
        "google.protobuf",
        "numpy",
    ),
    f"{SERVICE}.grpc_api": (
        f"{SERVICE}.grpc_api",
        OPEN_INFERENCE,
        SHARED_MEMORY,
        f"{SERVICE}.access.tls",
        f"{SERVICE}.access.tokens",
        ADMISSION,
        CALLS,
        METRICS,
        *CONTRACT,
        "lossgrad.codecs",
        "lossgrad.v1",
        "google.protobuf",
        "grpc",
        "grpc_health",
        "grpc_reflection",
        "numpy",
    ),
    PAGE: (PAGE,),
    f"{SERVICE}.http_api": (
        f"{SERVICE}.http_api",
        OPEN_INFERENCE,
        PAGE,
        f"{SERVICE}.access.open_endpoints",
        f"{SERVICE}.access.tokens",
        ADMISSION,
        CALLS,
        METRICS,
        *CONTRACT,
        "lossgrad.codecs",
        "fastapi",
        "httptools",
        "numpy",
        "orjson",
        "pydantic",
        "starlette",
        "typing_extensions",
        "uvicorn",
    ),
    f"{SERVICE}.runtime": (
        f"{SERVICE}.runtime",
        f"{SERVICE}.core",
        CORES,
        "lossgrad.allocator",
        "lossgrad.types",
        "pydantic",
        "pydantic_settings",
        "threadpoolctl",
        "structlog",
    ),
    **dict.fromkeys(LIGHT, (*LIGHT, SETTINGS, "orjson", "pydantic", "structlog")),
    f"{SERVICE}.access": (f"{SERVICE}.access", METRICS, "lossgrad.errors", *LIGHT, SETTINGS),
    # What a supervising process checks before it starts anything.
    **dict.fromkeys(CHECKED_AT_START, (*CHECKED_AT_START, *LIGHT, SETTINGS)),
    SETTINGS: (CORES, MEMORY_LIMIT, "pydantic", "pydantic_settings"),
    f"{SERVICE}.workers": (f"{SERVICE}.workers", METRICS, *LIGHT, SETTINGS),
    # The one module of theirs that runs in a worker.
    f"{SERVICE}.workers.worker": (
        f"{SERVICE}.workers",
        METRICS,
        f"{SERVICE}.runtime",
        f"{SERVICE}.server",
    ),
    f"{SERVICE}.server": (
        f"{SERVICE}.access",
        ADMISSION,
        f"{SERVICE}.grpc_api",
        f"{SERVICE}.http_api",
        f"{SERVICE}.runtime",
        SHARED_MEMORY,
        f"{SERVICE}.sharing",
        f"{SERVICE}.watching",
        CALLS,
        METRICS,
    ),
    f"{SERVICE}.watching": (
        *(ADMISSION, CALLS, METRICS, SHARED_MEMORY),
        f"{SERVICE}.runtime.info",
    ),
    f"{SERVICE}.ray_serve": (
        f"{SERVICE}.ray_serve",
        f"{SERVICE}.access.doors",
        f"{SERVICE}.shared_memory",
        ADMISSION,
        CALLS,
        f"{SERVICE}.grpc_api",
        f"{SERVICE}.http_api",
        f"{SERVICE}.runtime",
        f"{SERVICE}.server",
        f"{SERVICE}.watching",
        "lossgrad.codecs",
        "lossgrad.errors",
        "grpc",
        "ray",
        "starlette",
    ),
    f"{SERVICE}.local": (
        f"{SERVICE}.runtime",
        CALLS,
        CHECKING,
        f"{SERVICE}.core",
        *CONTRACT,
        "pydantic",
    ),
}
UNBOUND = (
    SERVICE,
    *(f"{SERVICE}.{room}" for room in ("__main__", "benchmarks", "child", "cli", "demo")),
)
"""Rooms that may import everything, and the package's own ``__init__``."""

LAZY = {"lossgrad.transports.local": f"{SERVICE}.local"}
"""The one import against the arrows, which must stand in a function."""


@dataclass(frozen=True)
class Breach:
    """One import that a rule forbids."""

    module: str
    imported: Import

    def __str__(self) -> str:
        return f"{self.module}:{self.imported.line} imports {self.imported.name}"


def breaches(sources: dict[str, Path]) -> Iterator[Breach]:
    """Yield every import in `sources`, folders by package, that no rule allows."""
    for package, root in sources.items():
        for module, path in modules(root, package):
            found = imports_of(path.read_text(), module, is_package=path.name == "__init__.py")
            yield from (Breach(module, each) for each in found if not is_allowed(module, each))


def is_allowed(module: str, imported: Import) -> bool:
    room = room_of(module)
    if room is None or imported.name.partition(".")[0] in sys.stdlib_module_names:
        return True
    if imported.is_lazy and imported.name == LAZY.get(module):
        return True
    return any(imported.is_within(allowed) for allowed in RULES[room])


def room_of(module: str) -> str | None:
    """Return the most specific rule's name, or None for what may import everything."""
    rooms = [room for room in (*RULES, *UNBOUND) if is_in(module, room)]
    room = max(rooms, key=len, default=None)
    assert room is not None, f"{module} is in no room: add a rule"
    return None if room in UNBOUND else room


def is_in(module: str, room: str) -> bool:
    if room == SERVICE:
        return module == SERVICE
    return module == room or module.startswith(room + ".")


def test_arrows_hold():
    assert [str(breach) for breach in breaches(SOURCES)] == []


def test_there_is_something_to_hold():
    read = [module for package, root in SOURCES.items() for module, _ in modules(root, package)]
    assert len(read) > 40
    assert {room_of(module) for module in read} >= {"lossgrad.types", f"{SERVICE}.kernels"}


PLANTED = {
    "lossgrad_service/kernels/a.py": "from lossgrad.errors import InvalidArgument",
    "lossgrad_service/kernels/b.py": "import scipy",
    "lossgrad_service/core/a.py": "import lossgrad",
    "lossgrad_service/core/b.py": "from ..grpc_api import server",
    "lossgrad_service/core/c.py": "def f():\n    from lossgrad.codecs import json",
    "lossgrad_service/checking/a.py": "from lossgrad_service.kernels import rows",
    "lossgrad_service/checking/b.py": "from lossgrad_service.calls import Deadline",
    "lossgrad_service/open_inference/a.py": "from lossgrad_service.http_api import document",
    "lossgrad_service/open_inference/b.py": "import orjson",
    "lossgrad_service/grpc_api/a.py": "from lossgrad_service import http_api",
    "lossgrad_service/grpc_api/b.py": "import lossgrad_service.kernels.softmax",
    "lossgrad_service/http_api/a.py": "from lossgrad import Client",
    "lossgrad_service/http_api/b.py": "from lossgrad.transports.http import HttpTransport",
    "lossgrad_service/runtime/a.py": "from lossgrad.client import Client",
    "lossgrad_service/runtime/b.py": "from lossgrad_service.kernels import softmax",
    "lossgrad_service/runtime/settings.py": "from lossgrad_service import core",
    "lossgrad_service/runtime/signals.py": "from lossgrad_service.runtime import threads",
    "lossgrad_service/workers/a.py": "def f():\n    import grpc",
    "lossgrad_service/workers/b.py": "from lossgrad_service.server import Server",
    "lossgrad_service/workers/c.py": "from lossgrad_service.runtime.info import server_info",
    "lossgrad_service/metrics/a.py": "import prometheus_client",
    "lossgrad_service/admission/a.py": "import grpc",
    "lossgrad_service/shared_memory/a.py": "import grpc",
    "lossgrad_service/shared_memory/b.py": "from lossgrad.shared_memory import Arena",
    "lossgrad_service/admission/b.py": "from lossgrad_service.calls import Deadline",
    "lossgrad_service/access/a.py": "from lossgrad_service.calls import Call",
    "lossgrad_service/access/tls.py": "from lossgrad.errors import Unauthenticated",
    "lossgrad/client.py": "import lossgrad_service",
    "lossgrad/types/a.py": "from lossgrad.codecs import json",
    "lossgrad/errors.py": "import numpy",
    "lossgrad/known_limits.py": "from lossgrad.endpoints import INFO",
    "lossgrad/pipelines/a.py": "from lossgrad.compute_call import ComputeCall",
    "lossgrad/losses/a.py": "import torch",
    "lossgrad/sharded/a.py": "from lossgrad.codecs import proto",
    "lossgrad/shared_memory/a.py": "from lossgrad.compute_call import ComputeCall",
    "lossgrad/losses/b.py": "from lossgrad.transports import open_transport",
    "lossgrad/torch/a.py": "from lossgrad.jax import cross_entropy",
    "lossgrad/jax/a.py": "import torch",
    "lossgrad/codecs/a.py": "import orjson",
    "lossgrad/transports/local.py": "import lossgrad_service.local",
    "lossgrad/transports/grpc.py": "import_module('lossgrad_service.local')",
    "lossgrad/transports/http.py": "def f():\n    import lossgrad_service.core",
}


@pytest.mark.parametrize("path", PLANTED)
def test_planted_breach_is_found(tmp_path, path):
    planted = tmp_path / path
    planted.parent.mkdir(parents=True)
    planted.write_text(PLANTED[path])
    package = path.partition("/")[0]
    assert len(list(breaches({package: tmp_path}))) == 1


INNOCENT = {
    "lossgrad_service/kernels/a.py": "import math\nfrom lossgrad_service.kernels import b",
    "lossgrad_service/core/a.py": "from lossgrad.types import Problem\nfrom . import b",
    "lossgrad_service/cli/a.py": "import lossgrad, typer",
    "lossgrad/transports/local.py": "def f():\n    return import_module('lossgrad_service.local')",
}


@pytest.mark.parametrize("path", INNOCENT)
def test_allowed_import_is_no_breach(tmp_path, path):
    written = tmp_path / path
    written.parent.mkdir(parents=True)
    written.write_text(INNOCENT[path])
    assert list(breaches({path.partition("/")[0]: tmp_path})) == []


def test_module_without_a_room_is_refused(tmp_path):
    (tmp_path / "lossgrad_service/attic").mkdir(parents=True)
    (tmp_path / "lossgrad_service/attic/a.py").write_text("import math")
    with pytest.raises(AssertionError, match="in no room"):
        list(breaches({"lossgrad_service": tmp_path}))
