"""What Prometheus and Grafana are given, against the metrics that the service has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from promql_parser import Expr, Matcher, MatchOp, VectorSelector

from lossgrad_service.metrics.catalogue import BUILD, CATALOGUE, OF_PROCESSES, OF_WORKERS, Metric
from lossgrad_service.runtime.settings import Settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana/dashboards/lossgrad.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def config(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text())


(RULES,) = (group["rules"] for group in config("prometheus/alerts.yml")["groups"])

TARGETS = [target for panel in PANELS for target in panel["targets"]]

SHOWN = [target["expr"].replace("$__rate_interval", "20s") for target in TARGETS]
"""What the dashboard asks."""

QUERIES = [rule["expr"] for rule in RULES] + SHOWN

PROMETHEUS_OWN = {"up", "ALERTS"}
"""What Prometheus says of itself."""

CHOSEN = ("instance", MatchOp.Re, "$instance")
"""How a query is told which instances somebody chose to see."""


def series_of(metric: Metric) -> set[str]:
    """Return the names under which Prometheus finds a metric."""
    if metric.kind != "histogram":
        return {metric.name}
    return {f"{metric.name}_{part}" for part in ("bucket", "sum", "count")}


METRICS = {name: metric for metric in CATALOGUE for name in series_of(metric)}


def selectors(query: str) -> list[VectorSelector]:
    """Return what a query reads of Prometheus."""
    found: list[VectorSelector] = []

    def visit(expression: Expr) -> None:
        if isinstance(expression, VectorSelector):
            found.append(expression)

    promql_parser.walk(promql_parser.parse(query), visit)
    return found


def parts(matcher: Matcher) -> tuple[str, MatchOp, str]:
    return matcher.name, matcher.op, matcher.value


def names(query: str) -> set[str]:
    return {selector.name or "" for selector in selectors(query)} - PROMETHEUS_OWN


@pytest.mark.parametrize("query", QUERIES)
def test_queries_name_metrics_of_the_service(query: str) -> None:
    assert selectors(query)
    assert names(query) <= set(METRICS)


@pytest.mark.parametrize("query", QUERIES)
def test_queries_select_labels_that_there_are(query: str) -> None:
    for selector in selectors(query):
        if selector.name not in PROMETHEUS_OWN:
            labels = METRICS[selector.name].labels
            for matcher in selector.matchers.matchers:
                if parts(matcher) == CHOSEN:
                    continue
                words = matcher.value.split("|") if matcher.op == MatchOp.Re else [matcher.value]
                assert set(words) <= set(labels[matcher.name])


@pytest.mark.parametrize("query", QUERIES)
def test_queries_sum_by_labels_that_there_are(query: str) -> None:
    grouped = re.findall(r"by \((.*?)\)", query)
    asked = [METRICS[name] for name in names(query)]
    labels = {label for metric in asked for label in metric.labels} | {"instance", "le"}
    labels |= {"worker" for metric in asked if metric in (*OF_WORKERS, *OF_PROCESSES)}
    assert {label for group in grouped for label in group.split(", ")} <= labels


def test_dashboard_shows_every_metric() -> None:
    shown = set().union(*(names(query) for query in SHOWN))
    assert {METRICS[name].name for name in shown} == {metric.name for metric in CATALOGUE}


@pytest.mark.parametrize("query", SHOWN)
def test_dashboard_asks_for_the_chosen_instances_only(query: str) -> None:
    for selector in selectors(query):
        assert CHOSEN in [parts(matcher) for matcher in selector.matchers.matchers]


def test_instances_to_choose_from_are_those_of_a_metric() -> None:
    (variable,) = DASHBOARD["templating"]["list"]
    asked = re.fullmatch(r"label_values\((\w+), instance\)", variable["query"]["query"])
    assert variable["name"] == "instance"
    assert variable["multi"] is variable["includeAll"] is True
    assert asked is not None
    assert asked[1] in METRICS


def labels_in(legend: str) -> set[str]:
    return set(re.findall(r"{{(\w+)}}", legend))


def test_legends_name_labels_that_there_are() -> None:
    own = {*("worker" for _ in (*OF_WORKERS, *OF_PROCESSES)), *BUILD.labels}
    known = {label for metric in CATALOGUE for label in metric.labels} | own | {"instance"}
    assert set().union(*(labels_in(target["legendFormat"]) for target in TARGETS)) <= known


def test_legends_tell_workers_of_two_instances_apart() -> None:
    of_workers = {metric.name for metric in (*OF_WORKERS, *OF_PROCESSES)}
    legends = [
        target["legendFormat"]
        for target, query in zip(TARGETS, SHOWN, strict=True)
        if names(query) & of_workers and not query.startswith("sum(")
    ]
    assert legends
    assert all(labels_in(legend) >= {"instance", "worker"} for legend in legends)


def test_dashboard_is_written_as_json_is_usually() -> None:
    written = (DEPLOY / "grafana/dashboards/lossgrad.json").read_text()
    assert written == json.dumps(DASHBOARD, indent=2) + "\n"


def test_panels_are_told_apart_and_do_not_overlap() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (column, line)
        for place in (panel["gridPos"] for panel in panels)
        for column in range(place["x"], place["x"] + place["w"])
        for line in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(column for column, _ in cells) < 24


def test_panels_ask_the_source_that_is_provisioned() -> None:
    (source,) = config("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert {panel["datasource"]["uid"] for panel in PANELS} == {source["uid"]}
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in SERVICES


def test_source_knows_how_often_prometheus_scrapes() -> None:
    (source,) = config("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    scrape = config("prometheus/prometheus.yml")["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scrape


def test_grafana_finds_the_dashboard_where_it_is_mounted() -> None:
    (provider,) = config("grafana/provisioning/dashboards/lossgrad.yml")["providers"]
    folder = provider["options"]["path"]
    grafana = SERVICES["grafana"]
    assert f"./deploy/grafana/dashboards:{folder}:ro" in grafana["volumes"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{folder}/lossgrad.json"


def test_prometheus_scrapes_the_port_of_http() -> None:
    (job,) = config("prometheus/prometheus.yml")["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    assert target == f"lossgrad:{Settings.model_fields['http_port'].default}"
    assert f'job="{job["job_name"]}"' in RULES[0]["expr"]


def test_prometheus_finds_its_files_where_they_are_mounted() -> None:
    prometheus = SERVICES["prometheus"]
    assert "./deploy/prometheus:/etc/prometheus:ro" in prometheus["volumes"]
    assert "--config.file=/etc/prometheus/prometheus.yml" in prometheus["command"]
    for name in config("prometheus/prometheus.yml")["rule_files"]:
        assert (DEPLOY / "prometheus" / name).is_file()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_alarms_say_how_urgent_they_are_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"] in ({"severity": "page"}, {"severity": "ticket"})
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"


def test_every_alarm_is_tested() -> None:
    tests = config("prometheus/alerts_test.yml")["tests"]
    fired = {
        case["alertname"]
        for test in tests
        for case in test["alert_rule_test"]
        if case.get("exp_alerts")
    }
    assert fired == {rule["alert"] for rule in RULES}
