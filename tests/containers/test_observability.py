"""The profile `observability`: what is measured is scraped, judged and shown."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

import lossgrad
from lossgrad_service.metrics.catalogue import CATALOGUE
from tests.containers.engine import ROOT, Engine
from tests.containers.names import GRAFANA, PROMETHEUS
from tests.containers.project import Project, running
from tests.containers.web import answer_when
from tests.test_watching_files import SHOWN

PROMETHEUS_URL = "http://localhost:9090/api/v1"
GRAFANA_URL = "http://localhost:3000/api"


@pytest.fixture(scope="module")
def project(engine: Engine) -> Iterator[Project]:
    services = ["prometheus", "grafana"] if engine.has(GRAFANA) else ["prometheus"]
    with running(engine, *services, profile="observability") as project:
        project.wait_until_healthy("prometheus")
        yield project


def _promtool(engine: Engine, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Prometheus' own tool on a folder."""
    return engine.run(
        *("run", "--rm", "--network=none", "--entrypoint=/bin/promtool", "--no-healthcheck"),
        *("--workdir=/checked", "--volume", f"{folder}:/checked:ro"),
        *(PROMETHEUS, *arguments),
    )


@pytest.mark.parametrize(
    "arguments",
    [("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")],
    ids=" ".join,
)
def test_promtool_finds_nothing_wrong(engine: Engine, arguments: tuple[str, ...]) -> None:
    _promtool(engine, ROOT / "deploy/prometheus", *arguments)


def test_share_that_failed_is_zero_while_nobody_calls(engine: Engine, tmp_path: Path) -> None:
    (query,) = [query for query in SHOWN if 'code="INTERNAL"' in query]
    series = 'lossgrad_requests_total{instance="a", method="Compute", transport="grpc", code='
    described = {
        "evaluation_interval": "5s",
        "tests": [
            {
                "interval": "5s",
                "input_series": [
                    {"series": f'{series}"INTERNAL"}}', "values": internal},
                    {"series": f'{series}"OK"}}', "values": ok},
                ],
                "promql_expr_test": [
                    {
                        "expr": query.replace("$instance", ".*"),
                        "eval_time": "1m",
                        "exp_samples": [{"labels": "{}", "value": share}],
                    }
                ],
            }
            for internal, ok, share in [("0x20", "7x20", 0), ("0+1x20", "0+3x20", 0.25)]
        ],
    }
    (tmp_path / "shown.yml").write_text(yaml.safe_dump(described))
    tmp_path.chmod(0o755)
    _promtool(engine, tmp_path, "test", "rules", "shown.yml")


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
@pytest.mark.parametrize("query", SHOWN)
def test_what_the_dashboard_asks_is_answered(query: str) -> None:
    asked = quote(query.replace("$instance", "lossgrad:8080"))

    def is_answered(answer: Any) -> bool:
        return bool(_result(answer))

    answer_when(f"{PROMETHEUS_URL}/query?query={asked}", is_answered)


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
    if not engine.has(GRAFANA):
        pytest.skip("the image of Grafana cannot be had here")
    project.wait_until_healthy("grafana")
    shown = answer_when(f"{GRAFANA_URL}/dashboards/uid/lossgrad", bool)
    assert shown["dashboard"]["title"] == "lossgrad"
    health = answer_when(f"{GRAFANA_URL}/datasources/uid/prometheus/health", bool)
    assert health["status"] == "OK"
