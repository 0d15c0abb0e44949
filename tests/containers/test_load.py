"""The profile `load`: callers ask, get right answers, and the service stops under them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.containers.engine import Engine
from tests.containers.project import Project, running
from tests.containers.web import answer_when

FIGURES = "http://localhost:8089/stats/requests"


@pytest.fixture(scope="module")
def project(engine: Engine) -> Iterator[Project]:
    with running(engine, profile="load") as project:
        yield project


def _kinds(figures: Any) -> set[str]:
    """Return the ways by which calls were made."""
    return {row["method"] for row in figures.get("stats", []) if row["method"]}


def test_calls_are_answered_until_the_service_stops_cleanly(project: Project) -> None:
    def are_under_way(figures: Any) -> bool:
        total = figures.get("stats", [{}])[-1].get("num_requests", 0)
        return total >= 100 and {"gRPC", "POST"} <= _kinds(figures)

    figures = answer_when(FIGURES, are_under_way)
    assert figures["state"] == "running"
    assert figures["fail_ratio"] == 0
    assert project.stop("lossgrad") == 0
    assert "Traceback" not in project.logs("lossgrad")
