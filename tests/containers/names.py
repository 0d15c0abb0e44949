"""The names that images have here: our own, so that none that this machine has is replaced."""

from __future__ import annotations

from typing import Final

_OURS: Final = "localhost/lossgrad-test"

BASE: Final = f"{_OURS}/base"
SERVICE: Final = f"{_OURS}/service"
BUILD: Final = f"{_OURS}/build"
PROMETHEUS: Final = f"{_OURS}/prometheus"
GRAFANA: Final = f"{_OURS}/grafana"

VARIABLES: Final = {
    "LOSSGRAD_IMAGE": SERVICE,
    "LOSSGRAD_BUILD_IMAGE": BUILD,
    "LOSSGRAD_LOAD_IMAGE": f"{_OURS}/load",
    "LOSSGRAD_PROMETHEUS_IMAGE": PROMETHEUS,
    "LOSSGRAD_GRAFANA_IMAGE": GRAFANA,
}
"""What tells docker-compose.yml of them."""
