"""The profile `observability`: what is measured is scraped, judged and shown."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

import lossgrad
from lossgrad_service.metrics.catalogue import CATALOGUE
from tests.containers.engine import ROOT, Engine
from tests.containers.images import GRAFANA, PROMETHEUS
from tests.containers.project import Project, running
from tests.containers.web import answer_when

PROMETHEUS_URL = "http://localhost:9090/api/v1"
GRAFANA_URL = "http://localhost:3000/api"


@pytest.fixture(scope="module")
def project(engine: Engine) -> Iterator[Project]:
    services = ["prometheus", "grafana"] if engine.can_have(GRAFANA) else ["prometheus"]
    with running(engine, *services, profile="observability") as project:
        project.wait_until_healthy("prometheus")
        yield project


def _promtool(engine: Engine, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Prometheus' own tool on deploy/prometheus."""
    return engine.run(
        *("run", "--rm", "--network=none", "--entrypoint=/bin/promtool", "--no-healthcheck"),
        *("--workdir=/etc/prometheus", "--volume", f"{ROOT}/deploy/prometheus:/etc/prometheus:ro"),
        *(PROMETHEUS, *arguments),
    )


@pytest.mark.parametrize(
    "arguments",
    [("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")],
    ids=" ".join,
)
def test_promtool_finds_nothing_wrong(engine: Engine, arguments: tuple[str, ...]) -> None:
    _promtool(engine, *arguments)


@pytest.mark.usefixtures("project")
def test_service_is_scraped() -> None:
    def is_up(answer: Any) -> bool:
        targets = answer.get("data", {}).get("activeTargets", [])
        return [target["health"] for target in targets] == ["up"]

    answer_when(f"{PROMETHEUS_URL}/targets", is_up)


@pytest.mark.usefixtures("project")
def test_calls_are_counted() -> None:
    with lossgrad.Client("localhost:50051") as client:
        for _ in range(3):
            client.compute(scores=[[1.0, 2.0]], labels=[1])
    query = 'sum(lossgrad_requests_total{method="Compute",transport="grpc",code="OK"})'

    def is_three(answer: Any) -> bool:
        return [float(each["value"][1]) for each in _result(answer)] == [3.0]

    answer_when(f"{PROMETHEUS_URL}/query?query={query}", is_three)


def _result(answer: Any) -> list[Any]:
    return answer.get("data", {}).get("result", [])


@pytest.mark.usefixtures("project")
def test_every_metric_is_scraped_as_what_it_is() -> None:
    def known(answer: Any) -> dict[str, str]:
        return {name: each[0]["type"] for name, each in answer.get("data", {}).items()}

    kinds = known(answer_when(f"{PROMETHEUS_URL}/metadata", known))
    assert {metric.name: metric.kind for metric in CATALOGUE}.items() <= kinds.items()


@pytest.mark.usefixtures("project")
def test_alarms_are_judged_and_silent() -> None:
    def rules(answer: Any) -> list[Any]:
        groups = answer.get("data", {}).get("groups", [])
        return [rule for group in groups for rule in group["rules"]]

    def are_judged(answer: Any) -> bool:
        return {rule["health"] for rule in rules(answer)} == {"ok"}

    judged = rules(answer_when(f"{PROMETHEUS_URL}/rules", are_judged))
    assert len(judged) == 6
    assert {rule["state"] for rule in judged} == {"inactive"}


def test_grafana_shows_the_dashboard(engine: Engine, project: Project) -> None:
    if not engine.can_have(GRAFANA):
        pytest.skip(f"{GRAFANA} cannot be had here")
    project.wait_until_healthy("grafana")
    shown = answer_when(f"{GRAFANA_URL}/dashboards/uid/lossgrad", bool)
    assert shown["dashboard"]["title"] == "lossgrad"
    health = answer_when(f"{GRAFANA_URL}/datasources/uid/prometheus/health", bool)
    assert health["status"] == "OK"
