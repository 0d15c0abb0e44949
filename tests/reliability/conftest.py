"""Figures that are worth telling, and how long the soak lasts."""

from __future__ import annotations

import pytest

from tests.telling import tell

__all__ = ["tell"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak-seconds", type=float, default=60.0, help="how long the soak lasts (default: 60)"
    )
