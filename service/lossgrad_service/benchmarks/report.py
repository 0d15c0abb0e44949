"""What was measured as JSON."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import orjson

from lossgrad_service.benchmarks.bars import bars_of
from lossgrad_service.benchmarks.results import Results
from lossgrad_service.benchmarks.workloads import Workload

DISTRIBUTIONS = ("lossgrad", "numpy", "grpcio", "protobuf", "fastapi", "uvicorn", "torch")


def to_json(results: Results) -> bytes:
    """Return everything, with seconds, calls per second, and bytes."""
    document = {
        "machine": machine(),
        "workloads": [
            {**_told(workload), "times": by_way} for workload, by_way in results.times.items()
        ],
        "calls_per_second": {workload.name: by_way for workload, by_way in results.rates.items()},
        "memory": results.memory,
        "streamed": results.streamed,
        "bars": [{**asdict(bar), "is_met": bar.is_met} for bar in bars_of(results)],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)


def machine() -> dict[str, Any]:
    """Return what was measured on: processor, cores and versions."""
    versions = {name: found for name in DISTRIBUTIONS if (found := _version(name))}
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "versions": {"python": platform.python_version(), **versions},
    }


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _told(workload: Workload) -> dict[str, Any]:
    return {
        "name": workload.name,
        **asdict(workload.shape),
        "bytes_in": workload.bytes_in,
        "bytes_out": workload.bytes_out,
    }
